import { chmodSync, chownSync, closeSync, openSync, writeFileSync } from "node:fs";
import type { SandboxMount } from "@slipway/engine-sdk";
import { MNT_DETACH, MS, type Libc } from "./libc.ts";
import { StubFailure, SystemCallError } from "./stub-failure.ts";

// Files that are in no filesystem but one of their own, in memory, which goes with the sandbox.

type MountOf<Kind> = Extract<SandboxMount, { kind: Kind }>;

interface Place {
  /** Where the file goes, as a path that mount(2) takes; looked up anew each time. */
  readonly target: () => string;
  /** A folder for mounting the filesystem before its file is where it belongs. */
  readonly scratch: string;
}

const sealed = MS.NOSUID | MS.NODEV | MS.NOEXEC;

/** Mounts a filesystem that lives in memory and never in swap space on `folder`, for its owner alone. */
export function mountUnswapped(libc: Libc, folder: string, flags: number): void {
  try {
    libc.mount("tmpfs", folder, "tmpfs", { flags, data: "mode=700,noswap" });
  } catch (error) {
    // Before Linux 6.4, and in user namespaces, tmpfs has no such option; ramfs is never swapped out.
    if (!(error instanceof SystemCallError)) throw error;
    libc.mount("ramfs", folder, "ramfs", { flags, data: "mode=700" });
  }
}

/** Shows a file with the secret's bytes at the target; nothing can write to it. */
export function mountSecret(libc: Libc, mount: MountOf<"secret">, place: Place): void {
  mountUnswapped(libc, place.scratch, sealed);
  const file = `${place.scratch}/secret`;
  writeFileSync(file, mount.content, { mode: 0o600 });
  give(file, mount);
  libc.mount(file, place.target(), null, { flags: MS.BIND });
  libc.umount(place.scratch, MNT_DETACH);
  libc.restrictMount(place.target(), sealed | MS.RDONLY);
}

/** Shows a socket at the target. @returns a descriptor that listens on it. */
export function mountSocket(libc: Libc, mount: MountOf<"socket">, place: Place): number {
  mountUnswapped(libc, place.scratch, sealed);
  const folder = openSync(place.scratch, "r");
  // The path of a socket has 107 bytes at most; that of scratch may be longer.
  const fd = libc.listenOnSocket(`/proc/self/fd/${folder}/socket`);
  closeSync(folder);
  const file = `${place.scratch}/socket`;
  give(file, mount);
  libc.mount(file, place.target(), null, { flags: MS.BIND });
  libc.umount(place.scratch, MNT_DETACH);
  libc.restrictMount(place.target(), sealed);
  return fd;
}

/** Gives a file its owner and mode. @throws StubFailure when this user namespace has no such owner */
export function give(
  file: string,
  to: { readonly uid: number; readonly gid: number; readonly mode: number; readonly target: string },
): void {
  try {
    chownSync(file, to.uid, to.gid);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EINVAL") throw error;
    throw new StubFailure(
      "SANDBOX_START_FAILED",
      `${to.target} can't belong to ${to.uid}:${to.gid}, which this user namespace does not have`,
      "Install uidmap and list your user in /etc/subuid and /etc/subgid, or build as root.",
    );
  }
  chmodSync(file, to.mode & 0o7777);
}
