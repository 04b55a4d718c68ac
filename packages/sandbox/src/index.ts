export {
  chooseSandbox,
  type Choice,
  type ChooseOptions,
  type ChosenSandbox,
  type SandboxDriverName,
} from "./choose-sandbox.ts";
export { readDeviceFiles, type Device, type DeviceEdits } from "./cdi/device-spec.ts";
export { resolveDevices, type DeviceAdditions, type DeviceRequest } from "./cdi/resolve-devices.ts";
export { findRuntimes, type OciRuntime } from "./find-runtimes.ts";
export { createNamespacesDriver, type SandboxDriverOptions } from "./namespaces-driver.ts";
export { createOciDriver, type OciDriverOptions } from "./oci-driver.ts";
export { probeSandboxes, type ProbeOptions } from "./probe-sandboxes.ts";
export { enterUserNamespace, userNamespaceCommand, type UserNamespaceCommand } from "./user-namespace.ts";
