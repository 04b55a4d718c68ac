import { statSync } from "node:fs";
import { type Edge, type ExecOp, type Vertex, walkVertices } from "@slipway/ir";
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
    readonly deviceFolders?: readonly string[] | undefined;
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

/**
 * Looks up the devices of all steps before any step runs: one that is missing or not allowed should not be noticed at the end of a long build.
 * @returns whether any step asks for one
 * @throws what `resolveDevices` throws, passed through `locate`
 */
export async function checkDevices(
  results: readonly (Edge | null)[],
  options: {
    readonly entitlements: readonly Entitlement[];
    readonly deviceFolders?: readonly string[] | undefined;
    readonly locate: (error: unknown, vertex: Vertex) => unknown;
  },
): Promise<boolean> {
  let areAsked = false;
  for (const vertex of results.flatMap((result) => walkVertices(result))) {
    if (vertex.op.kind !== "exec" || vertex.op.cdiDevices.length === 0) continue;
    areAsked = true;
    try {
      await stepDevices(vertex.op, { ...options, user: { uid: 0, gid: 0 } });
    } catch (error) {
      throw options.locate(error, vertex);
    }
  }
  return areAsked;
}

/** The mount point of what a device brings; undefined below /dev, where the sandbox makes what is missing. */
export function devicePoint(mount: SandboxMount, target: string): MountPoint | undefined {
  if (target.startsWith("/dev/")) return undefined;
  const isFolder = mount.kind === "bind" && statSync(mount.source, { throwIfNoEntry: false })?.isDirectory();
  return { path: target, kind: isFolder ? "dir" : "file" };
}
