import { statSync } from "node:fs";
import type { ExecOp } from "@slipway/ir";
import type { SandboxMount } from "@slipway/engine-sdk";
import type { DeviceAdditions } from "@slipway/sandbox";
import type { MountPoint } from "@slipway/store";
import type { Entitlement } from "../contracts.ts";
import { allowsDevice } from "./entitlements.ts";

const NONE: DeviceAdditions = { env: [], mounts: [], additionalGids: [], withHooks: [] };

/** What the devices that a step asks for add to its sandbox. @throws what `resolveDevices` throws */
export async function stepDevices(
  op: ExecOp,
  options: {
    readonly entitlements: readonly Entitlement[];
    readonly deviceFolders?: readonly string[];
    readonly user: { readonly uid: number; readonly gid: number };
  },
): Promise<DeviceAdditions> {
  if (op.cdiDevices.length === 0) return NONE;
  const { resolveDevices } = await import("@slipway/sandbox");
  return resolveDevices(op.cdiDevices, {
    isAllowed: (device) => allowsDevice(options.entitlements, device),
    user: options.user,
    ...(options.deviceFolders ? { folders: options.deviceFolders } : {}),
  });
}

/** The mount point of what a device brings; undefined below /dev, where the sandbox makes what is missing. */
export function devicePoint(mount: SandboxMount, target: string): MountPoint | undefined {
  if (target.startsWith("/dev/")) return undefined;
  const isFolder = mount.kind === "bind" && statSync(mount.source, { throwIfNoEntry: false })?.isDirectory();
  return { path: target, kind: isFolder ? "dir" : "file" };
}
