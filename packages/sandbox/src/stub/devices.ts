import { chmodSync, existsSync, mkdirSync, openSync, statSync, writeFileSync, type Stats } from "node:fs";
import path from "node:path";
import type { SandboxMount } from "@slipway/engine-sdk";
import { devices, privilegedDevices } from "../rules/default-rules.ts";
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

/**
 * Shows the devices of every step in the folder `dev`, for everybody. They are nodes of the step's own: what it does to
 * their owners and modes is nobody else's affair. Where no node can be made, those of the machine are shown, read-only,
 * which keeps nobody from writing to a device.
 * @returns a descriptor of its null device
 */
export function mountStandardDevices(libc: Libc, dev: string, scratch: string): number {
  mountUnswapped(libc, scratch, MS.NOSUID | MS.NOEXEC);
  // A descriptor's name is its path in the filesystem, once that is mounted nowhere: programs look for /dev/null.
  mkdirSync(`${scratch}/dev`);
  let stdin: number | undefined;
  for (const name of devices) {
    const source = `/dev/${name}`;
    const target = `${dev}/${name}`;
    const own = `${scratch}/dev/${name}`;
    writeFileSync(target, "");
    if (makeNode(libc, own, statSync(source))) {
      chmodSync(own, 0o666);
      libc.mount(own, target, null, { flags: MS.BIND });
      if (name === "null") stdin = openSync(own, "r");
    } else {
      libc.mount(source, target, null, { flags: MS.BIND });
      libc.restrictMount(target, MS.RDONLY);
    }
  }
  libc.umount(scratch, MNT_DETACH);
  return stdin ?? openSync("/dev/null", "r");
}

/**
 * Offers the devices of privileged steps in the folder `dev`, for everybody. Where no node can be made, those that the
 * machine has are shown.
 */
export function offerPrivilegedDevices(libc: Libc, dev: string): void {
  for (const [name, type, major, minor] of privilegedDevices) {
    const file = path.join(dev, name);
    mkdirSync(path.dirname(file), { recursive: true });
    if (makeNode(libc, file, { mode: type, rdev: (major << 8) | minor })) {
      chmodSync(file, 0o666);
    } else if (existsSync(`/dev/${name}`)) {
      writeFileSync(file, "");
      libc.mount(`/dev/${name}`, file, null, { flags: MS.BIND });
    }
  }
}

function isDevice(node: Stats): boolean {
  return node.isCharacterDevice() || node.isBlockDevice();
}

/** Makes a node for the same device; false where nobody may: in a user namespace. */
function makeNode(libc: Libc, file: string, node: { mode: number; rdev: number }): boolean {
  try {
    libc.mknod(file, (node.mode & typeBits) | 0o600, node.rdev);
    return true;
  } catch (error) {
    if (error instanceof SystemCallError && error.errno === "EPERM") return false;
    throw error;
  }
}
