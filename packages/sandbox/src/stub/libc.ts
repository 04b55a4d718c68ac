import { closeSync, openSync } from "node:fs";
import os from "node:os";
import { loadKoffi } from "../koffi-native.ts";
import { SystemCallError } from "./stub-failure.ts";

// The system calls that the stub needs and Node lacks. All of them act on the calling thread or the process; the stub
// makes them on its main thread, the one that survives execve.

/** Flags of mount(2), umount2(2) and unshare(2), and others of the kernel's numbers. */
export const MS = {
  RDONLY: 1,
  NOSUID: 2,
  NODEV: 4,
  NOEXEC: 8,
  REMOUNT: 32,
  BIND: 4096,
  REC: 16384,
  PRIVATE: 1 << 18,
  RELATIME: 1 << 21,
} as const;
export const MNT_DETACH = 2;
export const CLONE = {
  NEWNS: 0x20000,
  NEWCGROUP: 0x2000000,
  NEWUTS: 0x4000000,
  NEWIPC: 0x8000000,
  NEWNET: 0x40000000,
} as const;

const O_PATH_CLOEXEC = 0o10000000 | 0o2000000;
const AT_FDCWD = -100;
const O_CLOEXEC = 0o2000000;
const AT_RECURSIVE = 0x8000;
const RESOLVE_IN_ROOT = 0x10;

/** System calls without a wrapper in every libc; those from 424 on have the same number everywhere. */
const numbers =
  process.arch === "arm64"
    ? { pivot_root: 41, seccomp: 277, rt_sigaction: 134, rt_sigprocmask: 135, mknodat: 33 }
    : { pivot_root: 155, seccomp: 317, rt_sigaction: 13, rt_sigprocmask: 14, mknodat: 259 };

export type Libc = ReturnType<typeof bindLibc>;

/**
 * Binds the functions through koffi.
 * @param koffiFile see `locateKoffi`; undefined to search for it.
 */
export function bindLibc(koffiFile: string | undefined) {
  const koffi = loadKoffi(koffiFile);
  // null: the symbols of the running program, and so of the libc it runs on, whatever its file is called.
  const c = koffi.load(null as unknown as string);
  const errnoNames = new Map(Object.entries(os.constants.errno).map(([name, value]) => [value, name]));
  const check = (result: number | bigint, call: string): number => {
    if (Number(result) >= 0) return Number(result);
    throw new SystemCallError(call, errnoNames.get(koffi.errno()) ?? `errno ${koffi.errno()}`);
  };

  const mount = c.func("int mount(const char *, const char *, const char *, unsigned long, const char *)");
  const umount2 = c.func("int umount2(const char *, int)");
  const setns = c.func("int setns(int, int)");
  const unshare = c.func("int unshare(int)");
  const sethostname = c.func("int sethostname(const char *, size_t)");
  const prctl = c.func("int prctl(int, unsigned long, unsigned long, unsigned long, unsigned long)");
  const capset = c.func("int capset(const void *, const void *)");
  const setrlimit = c.func("int setrlimit(int, const void *)");
  const getrlimit = c.func("int getrlimit(int, void *)");
  const setsid = c.func("int setsid()");
  const dup2 = c.func("int dup2(int, int)");
  const socket = c.func("int socket(int, int, int)");
  const bind = c.func("int bind(int, const void *, unsigned int)");
  const listen = c.func("int listen(int, int)");
  const sendmsg = c.func("long sendmsg(int, const void *, int)");
  const ioctl = c.func("int ioctl(int, unsigned long, void *)");
  const statvfs = c.func("int statvfs(const char *, void *)");
  const execve = c.func("int execve(const char *, const char **, const char **)");
  const fcntl = c.func("int fcntl(int, int, long)");
  const waitpid = c.func("int waitpid(int, void *, int)");
  const system = (number: number, ...types: string[]): ((...values: unknown[]) => number) => {
    const bound = c.func("syscall", "long", ["long", ...types]);
    return (...values) => Number(bound(number, ...values));
  };
  const pivotRoot = system(numbers.pivot_root, "const char *", "const char *");
  const seccomp = system(numbers.seccomp, "long", "long", "const void *");
  const sigaction = system(numbers.rt_sigaction, "long", "const void *", "void *", "size_t");
  const sigprocmask = system(numbers.rt_sigprocmask, "long", "const void *", "void *", "size_t");
  const mknodat = system(numbers.mknodat, "long", "const char *", "long", "long");
  const openat2 = system(437, "long", "const char *", "const void *", "size_t");
  const mountSetattr = system(442, "long", "const char *", "long", "const void *", "size_t");
  const closeRange = system(436, "long", "long", "long");
  const fsopen = system(430, "const char *", "long");
  const fsconfig = system(431, "long", "long", "const char *", "const char *", "long");
  const fsmount = system(432, "long", "long", "long");
  const moveMount = system(429, "long", "const char *", "long", "const char *", "long");

  return {
    mount(
      source: string | null,
      target: string,
      type: string | null,
      options: { flags?: number; data?: string } = {},
    ): void {
      check(
        mount(source, target, type, options.flags ?? 0, options.data ?? null),
        `mount ${type ?? source ?? ""} on ${target}`,
      );
    },
    umount(target: string, flags: number): void {
      check(umount2(target, flags), `umount ${target}`);
    },
    unshare(flags: number): void {
      check(unshare(flags), "unshare");
    },
    /** Runs `action` in the mount namespace of the process `pid`. The caller must have made its own with unshare. */
    inMountNamespaceOf(pid: number, action: () => void): void {
      const own = openSync("/proc/thread-self/ns/mnt", "r");
      const other = openSync(`/proc/${pid}/ns/mnt`, "r");
      check(setns(other, CLONE.NEWNS), "setns");
      try {
        action();
      } finally {
        check(setns(own, CLONE.NEWNS), "setns back");
        closeSync(own);
        closeSync(other);
      }
    },
    /** Makes what `folder` shows the root; the old root is gone afterwards. */
    pivotInto(folder: string): void {
      process.chdir(folder);
      check(pivotRoot(".", "."), "pivot_root");
      check(umount2(".", MNT_DETACH), "umount of the old root");
      process.chdir("/");
    },
    setHostname(name: string): void {
      check(sethostname(name, Buffer.byteLength(name)), "sethostname");
    },
    prctl(option: number, first: number, second = 0): number {
      return prctl(option, first, second, 0, 0) as number;
    },
    capset(header: Buffer, data: Buffer): void {
      check(capset(header, data), "capset");
    },
    getRlimit(resource: number): { soft: bigint; hard: bigint } {
      const limit = Buffer.alloc(16);
      check(getrlimit(resource, limit), "getrlimit");
      return { soft: limit.readBigUInt64LE(0), hard: limit.readBigUInt64LE(8) };
    },
    setRlimit(resource: number, soft: bigint, hard: bigint): void {
      const limit = Buffer.alloc(16);
      limit.writeBigUInt64LE(soft, 0);
      limit.writeBigUInt64LE(hard, 8);
      check(setrlimit(resource, limit), "setrlimit");
    },
    setsid(): void {
      setsid();
    },
    dup2(from: number, to: number): void {
      check(dup2(from, to), "dup2");
    },
    /** Brings the loopback interface of the current network namespace up. */
    loopbackUp(): void {
      const fd = check(socket(2, 2, 0), "socket");
      const request = Buffer.alloc(40);
      request.write("lo");
      check(ioctl(fd, 0x8913, request), "SIOCGIFFLAGS lo");
      request.writeUInt16LE(request.readUInt16LE(16) | 1, 16);
      check(ioctl(fd, 0x8914, request), "SIOCSIFFLAGS lo");
    },
    /** Makes a device node: `mode` with the bits of its type, `device` as in a stat's `rdev`. */
    mknod(path: string, mode: number, device: number): void {
      check(mknodat(AT_FDCWD, path, mode, device), `mknod ${path}`);
    },
    /** A descriptor that listens on a new unix socket at `path`, which is shorter than 108 bytes. */
    listenOnSocket(path: string): number {
      const address = Buffer.alloc(110);
      address.writeUInt16LE(1, 0);
      address.write(path, 2, 107);
      const fd = check(socket(1, 1 | O_CLOEXEC, 0), "socket");
      check(bind(fd, address, address.length), `bind ${path}`);
      check(listen(fd, 128), "listen");
      return fd;
    },
    /** Sends a descriptor over a unix socket, with one byte. @see unix(7), SCM_RIGHTS */
    sendDescriptor(over: number, fd: number): void {
      const [message, vector, byte, control] = [56, 16, 1, 24].map((size) => Buffer.alloc(size)) as [
        Buffer,
        Buffer,
        Buffer,
        Buffer,
      ];
      vector.writeBigUInt64LE(BigInt(koffi.address(byte)), 0);
      vector.writeBigUInt64LE(1n, 8);
      control.writeBigUInt64LE(20n, 0); // header and one descriptor
      control.writeInt32LE(1, 8); // SOL_SOCKET
      control.writeInt32LE(1, 12); // SCM_RIGHTS
      control.writeInt32LE(fd, 16);
      message.writeBigUInt64LE(BigInt(koffi.address(vector)), 16);
      message.writeBigUInt64LE(1n, 24);
      message.writeBigUInt64LE(BigInt(koffi.address(control)), 32);
      message.writeBigUInt64LE(BigInt(control.length), 40);
      check(sendmsg(over, message, 0) as number, "sendmsg");
    },
    /** A descriptor (O_PATH) of `path` looked up as if `rootFd` were `/`; undefined when it does not exist. */
    openInRoot(rootFd: number, path: string): number | undefined {
      const how = Buffer.alloc(24);
      how.writeBigUInt64LE(BigInt(O_PATH_CLOEXEC), 0);
      how.writeBigUInt64LE(BigInt(RESOLVE_IN_ROOT), 16);
      const fd = openat2(rootFd, path, how, how.length);
      if (fd < 0 && ["ENOENT", "ENOTDIR"].includes(errnoNames.get(koffi.errno()) ?? "")) return undefined;
      return check(fd, `openat2 ${path}`);
    },
    /** Adds flags (MS.RDONLY, MS.NODEV) to a mount, and to all below it, and changes nothing else about them. */
    restrictMount(target: string, flags: number, recursive = true): void {
      const attributes = Buffer.alloc(32);
      attributes.writeBigUInt64LE(BigInt(flags), 0); // MOUNT_ATTR_* have the values of MS_*
      const result = mountSetattr(
        AT_FDCWD,
        target,
        recursive ? AT_RECURSIVE : 0,
        attributes,
        attributes.length,
      );
      if (result >= 0) return;
      if (errnoNames.get(koffi.errno()) !== "ENOSYS") check(result, `mount_setattr ${target}`);
      // Before Linux 5.12: one mount only, and its flags must be repeated, since some may be locked.
      const state = Buffer.alloc(112);
      check(statvfs(target, state), `statvfs ${target}`);
      const current = Number(state.readBigUInt64LE(72));
      const noAccessTimes = 1024 | 2048;
      const kept =
        (current & (MS.RDONLY | MS.NOSUID | MS.NODEV | MS.NOEXEC | noAccessTimes)) |
        (current & 4096 ? MS.RELATIME : 0);
      check(mount(null, target, null, MS.BIND | MS.REMOUNT | flags | kept, null), `remount ${target}`);
    },
    /** Mounts an overlay whose options are too long for mount(2), through the kernel's new mount API. */
    mountLongOverlay(target: string, options: readonly (readonly [key: string, value: string])[]): void {
      const context = check(fsopen("overlay", 1), "fsopen overlay");
      for (const [key, value] of options) check(fsconfig(context, 1, key, value, 0), `fsconfig ${key}`);
      check(fsconfig(context, 6, null, null, 0), "fsconfig create");
      const mountFd = check(fsmount(context, 1, 0), "fsmount");
      check(moveMount(mountFd, "", AT_FDCWD, target, 4), `move_mount ${target}`);
    },
    seccomp(program: Buffer, instructions: number): void {
      const header = Buffer.alloc(16);
      header.writeUInt16LE(instructions, 0);
      header.writeBigUInt64LE(BigInt(koffi.address(program)), 8);
      check(seccomp(1, 0, header), "seccomp");
    },
    resetSignals(): void {
      // Node ignores SIGPIPE, and what is ignored stays so across execve.
      const defaultAction = Buffer.alloc(32);
      for (let signal = 1; signal <= 64; signal++) sigaction(signal, defaultAction, null, 8);
      sigprocmask(2, defaultAction, null, 8);
    },
    /** Lets execve leave `fd` open: Node marks its own standard streams to be closed. */
    keepOnExec(fd: number): void {
      check(fcntl(fd, 2, 0), "fcntl");
    },
    /** Lets execve close every descriptor from `first` on. */
    closeOnExec(first: number): void {
      check(closeRange(first, 0x7fffffff, 4), "close_range");
    },
    /** Returns only when it fails, with the errno's name. */
    execve(file: string, args: readonly string[], env: readonly string[]): string {
      execve(file, [...args, null], [...env, null]);
      return errnoNames.get(koffi.errno()) ?? `errno ${koffi.errno()}`;
    },
    /** Waits for one child; its raw wait status. */
    waitpid(pid: number): number {
      const status = Buffer.alloc(4);
      check(waitpid(pid, status, 0), "waitpid");
      return status.readInt32LE(0);
    },
  };
}
