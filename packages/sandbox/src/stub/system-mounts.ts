import { fstatSync, mkdirSync, statfsSync, symlinkSync } from "node:fs";
import type { SandboxSpec } from "@slipway/engine-sdk";
import { maskedPaths, readonlyPaths, shmSizeBytes } from "../rules/default-rules.ts";
import { mountStandardDevices, offerPrivilegedDevices } from "./devices.ts";
import { MS, type Libc } from "./libc.ts";
import { descriptorPath, openTarget } from "./root-filesystem.ts";
import { SystemCallError } from "./stub-failure.ts";

const sealed = MS.NOSUID | MS.NODEV | MS.NOEXEC;
const cgroup2Magic = 0x63677270;

type Security = SandboxSpec["security"];

/** Mounts /proc of the calling process's PID namespace, and /sys of its network namespace. */
export function mountProcAndSys(libc: Libc, rootFd: number, security: Security): void {
  libc.mount("proc", descriptorPath(openTarget(libc, rootFd, "/proc")), "proc", { flags: sealed });
  mountSys(libc, rootFd, security === "sandbox" ? MS.RDONLY : 0);
}

/**
 * Mounts /dev, with all that is in it except mqueue, which belongs to an IPC namespace. Its filesystem opens no device
 * nodes: those of Docker's list are each a mount. So a step that makes another node can't use it, without a device
 * cgroup. A privileged step gets more of them, and can use nodes that it makes.
 * @returns a descriptor of its null device, for the stdin of the step: with that of the machine, `chmod /dev/stdin`
 * would change the machine's /dev/null.
 */
export function mountDev(
  libc: Libc,
  rootFd: number,
  options: { readonly security: Security; readonly scratch: string },
): number {
  const { security, scratch } = options;
  libc.mount("tmpfs", descriptorPath(openTarget(libc, rootFd, "/dev")), "tmpfs", {
    flags: MS.NOSUID | (security === "sandbox" ? MS.NODEV | MS.NOEXEC : 0),
    data: "mode=755,size=65536k",
  });
  const dev = descriptorPath(openTarget(libc, rootFd, "/dev"));
  const stdin = mountStandardDevices(libc, dev, scratch);
  for (const [target, name] of [
    ["/proc/self/fd", "fd"],
    ["/proc/self/fd/0", "stdin"],
    ["/proc/self/fd/1", "stdout"],
    ["/proc/self/fd/2", "stderr"],
    ["/proc/kcore", "core"],
    ["pts/ptmx", "ptmx"],
  ] as const) {
    symlinkSync(target, `${dev}/${name}`);
  }
  for (const name of ["pts", "shm", "mqueue"]) mkdirSync(`${dev}/${name}`);
  const terminals = "newinstance,ptmxmode=0666,mode=0620";
  withFallback(
    // Group 5 is tty; a user namespace may not know it.
    () =>
      libc.mount("devpts", `${dev}/pts`, "devpts", {
        flags: MS.NOSUID | MS.NOEXEC,
        data: `${terminals},gid=5`,
      }),
    () => libc.mount("devpts", `${dev}/pts`, "devpts", { flags: MS.NOSUID | MS.NOEXEC, data: terminals }),
  );
  libc.mount("shm", `${dev}/shm`, "tmpfs", { flags: sealed, data: `mode=1777,size=${shmSizeBytes}` });
  if (security === "insecure") offerPrivilegedDevices(libc, dev);
  return stdin;
}

/** Mounts the message queues of the calling process's IPC namespace. */
export function mountMessageQueues(libc: Libc, rootFd: number): void {
  withFallback(
    () =>
      libc.mount("mqueue", descriptorPath(openTarget(libc, rootFd, "/dev/mqueue")), "mqueue", {
        flags: sealed,
      }),
    // A kernel without POSIX message queues.
    () => undefined,
  );
}

function mountSys(libc: Libc, rootFd: number, readonly: number): void {
  const target = (): string => descriptorPath(openTarget(libc, rootFd, "/sys"));
  withFallback(
    () => {
      libc.mount("sysfs", target(), "sysfs", { flags: sealed | readonly });
      const cgroup = libc.openInRoot(rootFd, "/sys/fs/cgroup");
      if (cgroup === undefined || statfsSync("/sys/fs/cgroup").type !== cgroup2Magic) return;
      withFallback(
        () => libc.mount("cgroup2", descriptorPath(cgroup), "cgroup2", { flags: sealed | readonly }),
        () => undefined,
      );
    },
    // A user namespace without a network namespace of its own owns no sysfs: the machine's is shown.
    () => {
      libc.mount("/sys", target(), null, { flags: MS.BIND | MS.REC });
      if (readonly !== 0) libc.restrictMount(target(), readonly);
    },
  );
}

/** Hides what Docker hides in /proc and /sys, and makes read-only what it makes read-only. */
export function maskPaths(libc: Libc, rootFd: number): void {
  for (const file of readonlyPaths) {
    const fd = libc.openInRoot(rootFd, file);
    if (fd === undefined) continue;
    libc.mount(descriptorPath(fd), descriptorPath(fd), null, { flags: MS.BIND | MS.REC });
    libc.restrictMount(descriptorPath(openTarget(libc, rootFd, file)), MS.RDONLY);
  }
  for (const file of maskedPaths) {
    const fd = libc.openInRoot(rootFd, file);
    if (fd === undefined) continue;
    if (fstatSync(fd).isDirectory()) {
      libc.mount("tmpfs", descriptorPath(fd), "tmpfs", { flags: MS.RDONLY, data: "size=0k" });
    } else {
      libc.mount("/dev/null", descriptorPath(fd), null, { flags: MS.BIND });
    }
  }
}

/** Runs the second way when the kernel refuses the first. */
function withFallback(first: () => void, second: () => void): void {
  try {
    first();
  } catch (error) {
    if (!(error instanceof SystemCallError)) throw error;
    second();
  }
}
