import type { SandboxMount } from "@slipway/engine-sdk";
import { InputError } from "@slipway/oci";
import { readDeviceFiles, type Device } from "./device-spec.ts";

/** A device that a step asks for. */
export interface DeviceRequest {
  /** `vendor.com/class=name`, `vendor.com/class=*` for all, `vendor.com/class` for the first, or the name of a group. */
  readonly name: string;
  readonly optional: boolean;
}

/** What devices add to a sandbox. */
export interface DeviceAdditions {
  readonly env: readonly string[];
  /** Sources exist on the machine, or the sandbox complains. */
  readonly mounts: readonly SandboxMount[];
  readonly additionalGids: readonly number[];
  /** Names of devices whose hooks were not run. */
  readonly withHooks: readonly string[];
}

/**
 * Looks up what steps ask for in the descriptions of this machine's devices.
 * @param isAllowed whether the build may have a device that its administrator has not opened to all.
 * @throws InputError `DEVICE_NOT_FOUND`, `DEVICE_NOT_ALLOWED`; WorldError `DEVICE_SPEC_INVALID`
 */
export async function resolveDevices(
  requests: readonly DeviceRequest[],
  options: {
    readonly isAllowed: (device: Device) => boolean;
    /** Whom nodes belong to unless their description says otherwise. */
    readonly user: { readonly uid: number; readonly gid: number };
    readonly folders?: readonly string[];
  },
): Promise<DeviceAdditions> {
  const devices = await readDeviceFiles(options.folders);
  const chosen = new Map<string, Device>();
  for (const request of requests) {
    const found = matching(devices, request.name);
    if (found.length === 0 && !request.optional) throw notFound(request.name, devices);
    for (const device of found) {
      if (!device.allowed && !options.isAllowed(device)) throw notAllowed(device);
      chosen.set(device.name, device);
    }
  }
  const edits = new Set([...chosen.values()].flatMap((device) => device.edits));
  const { uid, gid } = options.user;
  return {
    env: [...edits].flatMap(({ env }) => env),
    mounts: [...edits].flatMap(({ nodes, mounts }): SandboxMount[] => [
      ...nodes.map((node) => ({
        kind: "device" as const,
        source: node.hostPath,
        target: node.path,
        uid: node.uid ?? uid,
        gid: node.gid ?? gid,
        mode: node.mode,
      })),
      ...mounts.map((mount) => ({
        kind: "bind" as const,
        source: mount.hostPath,
        target: mount.containerPath,
        readonly: mount.readonly,
      })),
    ]),
    additionalGids: [...new Set([...edits].flatMap(({ additionalGids }) => additionalGids))],
    withHooks: [...chosen.values()]
      .filter((device) => device.edits.some(({ hooks }) => hooks > 0))
      .map(({ name }) => name),
  };
}

function matching(devices: readonly Device[], name: string): readonly Device[] {
  const [kind, device] = name.split("=") as [string, string | undefined];
  if (!kind.includes("/")) return devices.filter(({ group }) => group === name);
  if (device === undefined) return devices.filter((each) => each.kind === kind).slice(0, 1);
  return devices.filter((each) => (device === "*" ? each.kind === kind : each.name === name));
}

function notFound(name: string, devices: readonly Device[]): InputError<"DEVICE_NOT_FOUND"> {
  const known = devices.map((device) => device.name).join(", ");
  return new InputError("DEVICE_NOT_FOUND", `this machine has no device "${name}"`, {
    hint:
      known === ""
        ? "Describe it in /etc/cdi (Container Device Interface, JSON or YAML)."
        : `There is ${known}, as described in /etc/cdi and /var/run/cdi.`,
  });
}

function notAllowed(device: Device): InputError<"DEVICE_NOT_ALLOWED"> {
  return new InputError(
    "DEVICE_NOT_ALLOWED",
    `the step asks for ${device.name}, which this build may not have`,
    {
      hint: `If you trust the build file, allow it: --allow device=${device.name}.`,
    },
  );
}
