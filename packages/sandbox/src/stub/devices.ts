import { lstatSync, mkdirSync, readdirSync, statSync, writeFileSync, type Stats } from "node:fs";
import path from "node:path";
import type { SandboxMount } from "@slipway/engine-sdk";
import { MNT_DETACH, MS, type Libc } from "./libc.ts";
import { give, mountUnswapped } from "./private-files.ts";
import { StubFailure, SystemCallError } from "./stub-failure.ts";

const typeBits = 0o170000;

/** Shows a device of the machine at the target, as a node of its own with the owner and mode asked for. */
export function mountDevice(
  libc: Libc,
  mount: Extract<SandboxMount, { kind: "device" }>,
  place: { readonly target: () => string; readonly scratch: string },
): void {
  const { source } = mount;
  const node = statSync(source, { throwIfNoEntry: false });
  if (node === undefined || !isDevice(node)) {
    throw new StubFailure(
      "SANDBOX_START_FAILED",
      `${source} is not a device of this machine`,
      "Load the driver that makes it, or correct the description of the device.",
    );
  }
  mountUnswapped(libc, place.scratch, MS.NOSUID | MS.NOEXEC);
  const file = `${place.scratch}/device`;
  if (makeNode(libc, file, node)) {
    give(file, mount);
    libc.mount(file, place.target(), null, { flags: MS.BIND });
  } else {
    libc.mount(source, place.target(), null, { flags: MS.BIND });
  }
  libc.umount(place.scratch, MNT_DETACH);
}

/** Offers all devices of the machine in the folder `dev`, but for those that are there already. */
export function offerAllDevices(libc: Libc, dev: string, from = "/dev"): void {
  for (const name of readdirSync(from)) {
    // What the sandbox has of its own, and what stands for the terminal of somebody else.
    if (from === "/dev" && ["console", "fd", "mqueue", "ptmx", "pts", "shm"].includes(name)) continue;
    const [source, target] = [path.join(from, name), path.join(dev, name)];
    const node = lstatSync(source, { throwIfNoEntry: false });
    if (node === undefined || lstatSync(target, { throwIfNoEntry: false })?.isFile() === false) continue;
    if (node.isDirectory()) {
      mkdirSync(target, { recursive: true });
      offerAllDevices(libc, target, source);
    } else if (isDevice(node) && lstatSync(target, { throwIfNoEntry: false }) === undefined) {
      if (makeNode(libc, target, node)) {
        give(target, { uid: node.uid, gid: node.gid, mode: node.mode, target });
      } else {
        writeFileSync(target, "");
        libc.mount(source, target, null, { flags: MS.BIND });
      }
    }
  }
}

function isDevice(node: Stats): boolean {
  return node.isCharacterDevice() || node.isBlockDevice();
}

/** Makes a node for the same device; false where nobody may: in a user namespace. */
function makeNode(libc: Libc, file: string, node: Stats): boolean {
  try {
    libc.mknod(file, (node.mode & typeBits) | 0o600, node.rdev);
    return true;
  } catch (error) {
    if (error instanceof SystemCallError && error.errno === "EPERM") return false;
    throw error;
  }
}
