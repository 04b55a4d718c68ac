export { chooseSandbox, type ChooseOptions, type ChosenSandbox } from "./choice/choose-sandbox.ts";
export type { Choice, SandboxDriverName } from "./choice/choice.ts";
export { readDeviceFiles, type Device, type DeviceEdits } from "./cdi/device-spec.ts";
export { resolveDevices, type DeviceAdditions, type DeviceRequest } from "./cdi/resolve-devices.ts";
export { findRuntimes, type OciRuntime } from "./choice/find-runtimes.ts";
export { createNamespacesDriver, type SandboxDriverOptions } from "./drivers/namespaces-driver.ts";
export { createOciDriver, type OciDriverOptions } from "./drivers/oci-driver.ts";
export { probeSandboxes, type ProbeOptions } from "./choice/probe-sandboxes.ts";
export { enterUserNamespace, userNamespaceCommand, type UserNamespaceCommand } from "./user-namespace.ts";
