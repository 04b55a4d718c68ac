export { createNamespacesDriver, type SandboxDriverOptions } from "./namespaces-driver.ts";
