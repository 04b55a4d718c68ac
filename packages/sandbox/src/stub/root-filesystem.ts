import { closeSync, existsSync, lstatSync, mkdirSync, openSync, statSync } from "node:fs";
import path from "node:path";
import type { SandboxMount, SandboxRoot } from "@slipway/engine-sdk";
import { MNT_DETACH, MS, type Libc } from "./libc.ts";
import { mountDevice } from "./devices.ts";
import { mountOverlay } from "./overlay.ts";
import { mountSecret, mountSocket } from "./private-files.ts";
import { StubFailure } from "./stub-failure.ts";

/** Folders that a sandbox mounts something on, whatever the image holds. */
export const systemFolders = ["proc", "dev", "sys"] as const;

/**
 * Mounts the root on `mountPoint`.
 * @param skeleton becomes the lowest layer when an image lacks one of the system folders: made in the upper folder they
 * would end up in a layer.
 * @param flags what all mounts get: `MS.NODEV` where device nodes that an image holds or a step makes must not open.
 * @returns a descriptor of the mounted root.
 */
export function mountRoot(
  libc: Libc,
  root: SandboxRoot,
  options: { mountPoint: string; skeleton: string; flags: number },
): number {
  const { mountPoint, skeleton, flags } = options;
  if (root.kind === "folder") {
    libc.mount(root.path, mountPoint, null, { flags: MS.BIND | MS.REC });
  } else {
    const folders = [root.upperdir, ...root.lowerdirs];
    const complete = systemFolders.every((name) =>
      folders.some((folder) => existsSync(path.join(folder, name))),
    );
    mountOverlay(libc, complete ? root : { ...root, lowerdirs: [...root.lowerdirs, skeleton] }, mountPoint);
  }
  restrict(libc, mountPoint, flags);
  for (const name of systemFolders) {
    const stat = lstatSync(path.join(mountPoint, name), { throwIfNoEntry: false });
    // A folder root, or an image that deleted one of them.
    if (stat === undefined) mkdirSync(path.join(mountPoint, name));
    else if (!stat.isDirectory()) throw notAFolder(name, stat.isSymbolicLink());
  }
  return openSync(mountPoint, "r");
}

/** A link would be followed by runtimes as the machine sees it, not the image: to folders of the machine. */
function notAFolder(name: string, isLink: boolean): StubFailure {
  return new StubFailure(
    "SANDBOX_ROOT_UNUSABLE",
    `/${name} of the image is ${isLink ? "a symbolic link" : "a file"}, where a step needs a folder`,
    `Remove it from the image, or make it a folder: RUN steps get a /${name} of their own.`,
  );
}

/** Where a descriptor can be used as a path; mount(2) takes it, and nothing that happens to the name matters any more. */
export function descriptorPath(fd: number): string {
  return `/proc/self/fd/${fd}`;
}

/** A descriptor of `target` in the root, which must exist. */
export function openTarget(libc: Libc, rootFd: number, target: string): number {
  const fd = libc.openInRoot(rootFd, target);
  if (fd !== undefined) return fd;
  throw new StubFailure(
    "SANDBOX_START_FAILED",
    `${target} is not in the root filesystem`,
    "This is a bug in Slipway: whoever asks for a mount makes its target first.",
  );
}

/**
 * A descriptor of `target`, which is made where it is missing. Only for targets that an earlier mount lies over: whoever
 * made the targets could not see into that one.
 */
function makeTarget(libc: Libc, rootFd: number, options: { target: string; isFolder: boolean }): number {
  const { target, isFolder } = options;
  const fd = libc.openInRoot(rootFd, target);
  if (fd !== undefined) return fd;
  const parent = makeTarget(libc, rootFd, { target: path.dirname(target), isFolder: true });
  // Neither call follows a symlink of this name, and the parent is a descriptor: nothing outside of it is touched.
  const made = path.join(descriptorPath(parent), path.basename(target));
  try {
    if (isFolder) mkdirSync(made);
    else closeSync(openSync(made, "wx", 0o644));
  } catch (cause) {
    throw new StubFailure(
      "SANDBOX_START_FAILED",
      `${target} is missing in the mount above it, where it cannot be made: ${(cause as NodeJS.ErrnoException).code}`,
      "Make it in the source of the outer mount, or mount that one read-write.",
    );
  } finally {
    closeSync(parent);
  }
  return openTarget(libc, rootFd, target);
}

/** Whether a mount shows a folder; files are mounted on files. */
function showsFolder(mount: SandboxMount): boolean {
  if (mount.kind === "tmpfs") return true;
  if (mount.kind === "secret" || mount.kind === "socket" || mount.kind === "device") return false;
  if (mount.kind === "bind") return statSync(mount.source).isDirectory();
  const layers = mount.upperdir === undefined ? mount.lowerdirs : [mount.upperdir, ...mount.lowerdirs];
  const found = layers
    .map((layer) => lstatSync(path.join(layer, mount.subpath), { throwIfNoEntry: false }))
    .find((stat) => stat !== undefined);
  return found?.isDirectory() ?? true;
}

/**
 * Mounts what the spec asks for, in its order.
 * @returns descriptors that listen on the sockets among them, in their order.
 */
export function applyMounts(
  libc: Libc,
  rootFd: number,
  options: { mounts: readonly SandboxMount[]; scratch: string; flags: number },
): number[] {
  const sockets: number[] = [];
  const { scratch } = options;
  const mounted = new Set<string>();
  for (const mount of options.mounts) {
    if (mount.target.startsWith("/dev/") || isBelowOne(mount.target, mounted))
      closeSync(makeTarget(libc, rootFd, { target: mount.target, isFolder: showsFolder(mount) }));
    mounted.add(mount.target);
    // Closed with each mount: a step may have more mounts than a process open files.
    const opened: number[] = [];
    const target = (): string => {
      const fd = openTarget(libc, rootFd, mount.target);
      opened.push(fd);
      return descriptorPath(fd);
    };
    if (mount.kind === "bind") {
      libc.mount(mount.source, target(), null, { flags: MS.BIND | MS.REC });
      // The name is looked up once more: now it is the new mount.
      restrict(libc, target(), options.flags | (mount.readonly ? MS.RDONLY : 0));
    } else if (mount.kind === "tmpfs") {
      const mode = (mount.mode ?? 0o1777).toString(8);
      const size = mount.sizeBytes === undefined ? "" : `,size=${mount.sizeBytes}`;
      libc.mount("tmpfs", target(), "tmpfs", { flags: MS.NOSUID | MS.NODEV, data: `mode=${mode}${size}` });
    } else if (mount.kind === "secret") {
      mountSecret(libc, mount, { target, scratch });
    } else if (mount.kind === "socket") {
      sockets.push(mountSocket(libc, mount, { target, scratch }));
    } else if (mount.kind === "device") {
      mountDevice(libc, mount, { target, scratch });
    } else {
      bindSubpathOfOverlay(libc, mount, { target: target(), scratch });
      restrict(libc, target(), options.flags | (mount.upperdir === undefined ? MS.RDONLY : 0));
    }
    for (const fd of opened) closeSync(fd);
  }
  return sockets;
}

function isBelowOne(target: string, mounted: ReadonlySet<string>): boolean {
  for (let at = target.lastIndexOf("/"); at > 0; at = target.lastIndexOf("/", at - 1))
    if (mounted.has(target.slice(0, at))) return true;
  return false;
}

function restrict(libc: Libc, target: string, flags: number): void {
  if (flags !== 0) libc.restrictMount(target, flags);
}

/** Mounts an overlay on `scratch`, of which `target` then shows the part at the mount's subpath. */
function bindSubpathOfOverlay(
  libc: Libc,
  mount: Extract<SandboxMount, { kind: "overlay" }>,
  options: { target: string; scratch: string },
): void {
  const { target, scratch } = options;
  const overlay = mount.upperdir === undefined && mount.lowerdirs.length === 1 ? undefined : mount;
  // The kernel refuses an overlay of one lower folder and nothing else: it would be that folder.
  if (overlay === undefined) libc.mount(mount.lowerdirs[0]!, scratch, null, { flags: MS.BIND });
  else mountOverlay(libc, overlay, scratch);
  const overlayFd = openSync(scratch, "r");
  const shown = libc.openInRoot(overlayFd, mount.subpath === "" ? "." : mount.subpath);
  if (shown === undefined) {
    throw new StubFailure(
      "SANDBOX_START_FAILED",
      `${mount.subpath} is not in the filesystem that ${mount.target} should show`,
      "Check the `source` of the mount.",
    );
  }
  libc.mount(descriptorPath(shown), target, null, { flags: MS.BIND });
  closeSync(shown);
  closeSync(overlayFd);
  libc.umount(scratch, MNT_DETACH);
}
