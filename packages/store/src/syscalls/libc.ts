import { createRequire } from "node:module";
import os from "node:os";
import { fsPath } from "../layer-index/byte-path.ts";
import { worldErrorOf } from "./fs-errors.ts";

// The system calls that Node lacks, over koffi. Paths are bytes (latin1 strings). Loaded at first use: a build that
// finds everything in the cache needs none of them.

type Path = string;

export interface Libc {
  /** Names of the extended attributes of a file, symlinks not followed; empty where the filesystem has none. */
  listXattrs(path: Path): string[];
  /** Undefined when there is no such attribute. */
  getXattr(path: Path, name: string): Uint8Array | undefined;
  setXattr(path: Path, name: string, value: Uint8Array): void;
  removeXattr(path: Path, name: string): void;
  /** `type` is one of S_IFCHR, S_IFBLK, S_IFIFO; mode bits are subject to no umask afterwards: chmod follows. */
  makeNode(path: Path, type: number, device: { readonly major: number; readonly minor: number }): void;
  /** Sets the mtime, and the atime to the same, symlinks not followed. */
  setMtime(path: Path, mtimeNs: bigint): void;
  /** Renames; fails with EEXIST when the target is there. */
  renameNoReplace(from: Path, to: Path): void;
  /** Swaps two names. */
  renameExchange(a: Path, b: Path): void;
  /** Start of the next data at or after `offset`; -1 when there is none. Undefined where the filesystem can't tell. */
  seekData(fd: number, offset: number): number | undefined;
  /** Start of the next hole at or after `offset`; the file's end counts as one. */
  seekHole(fd: number, offset: number): number;
  /** Writes out everything of the filesystem that `fd` is on; runs beside the event loop. */
  syncFilesystem(fd: number): Promise<void>;
}

export const S_IFCHR = 0o020000;
export const S_IFBLK = 0o060000;
export const S_IFIFO = 0o010000;

const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;
const SEEK_DATA = 3;
const SEEK_HOLE = 4;
const RENAME_NOREPLACE = 1;
const RENAME_EXCHANGE = 2;

let loaded: Libc | undefined;

/** The bindings; loads koffi at the first call (about 9 ms). */
export function libc(): Libc {
  return (loaded ??= bind());
}

/** `major:minor` as glibc packs it into a dev_t. */
export function makeDevice(major: number, minor: number): bigint {
  const [ma, mi] = [BigInt(major), BigInt(minor)];
  return ((ma & 0xfffff000n) << 32n) | ((ma & 0xfffn) << 8n) | ((mi & 0xffffff00n) << 12n) | (mi & 0xffn);
}

/** The parts of a dev_t. */
export function splitDevice(device: bigint): { major: number; minor: number } {
  return {
    major: Number(((device >> 32n) & 0xfffff000n) | ((device >> 8n) & 0xfffn)),
    minor: Number(((device >> 12n) & 0xffffff00n) | (device & 0xffn)),
  };
}

function bind(): Libc {
  const koffi = createRequire(import.meta.url)("koffi") as typeof import("koffi");
  const c = koffi.load("libc.so.6");
  // `const char *` would be fed UTF-8 from strings; bytes go in as NUL-terminated buffers.
  const llistxattr = c.func("long llistxattr(const uint8_t *p, _Out_ uint8_t *v, size_t n)");
  const lgetxattr = c.func(
    "long lgetxattr(const uint8_t *p, const uint8_t *name, _Out_ uint8_t *v, size_t n)",
  );
  const lsetxattr = c.func(
    "int lsetxattr(const uint8_t *p, const uint8_t *name, const uint8_t *v, size_t n, int flags)",
  );
  const lremovexattr = c.func("int lremovexattr(const uint8_t *p, const uint8_t *name)");
  const mknod = c.func("int mknod(const uint8_t *p, uint32_t mode, uint64_t dev)");
  const utimensat = c.func("int utimensat(int dirfd, const uint8_t *p, const int64_t *ts, int flags)");
  const renameat2 = c.func(
    "int renameat2(int ofd, const uint8_t *o, int nfd, const uint8_t *n, uint32_t flags)",
  );
  const lseek = c.func("int64_t lseek(int fd, int64_t offset, int whence)");
  const syncfs = c.func("int syncfs(int fd)");
  const errnoNames = new Map(Object.entries(os.constants.errno).map(([name, value]) => [value, name]));

  const bytes = (text: string) => Buffer.from(`${text}\0`, "latin1");
  const fail = (call: string, path: string): never => {
    const errno = koffi.errno();
    const code = errnoNames.get(errno) ?? `E${errno}`;
    const shown = fsPath(path).toString();
    throw worldErrorOf(
      Object.assign(new Error(`${code}: ${call} '${shown}'`), { code, errno: -errno, path: shown }),
      shown,
    );
  };
  const check = (result: number, call: string, path: string) => {
    if (result < 0) fail(call, path);
  };
  const scratch = Buffer.alloc(64 * 1024);
  const isErrno = (...names: string[]) => names.includes(errnoNames.get(koffi.errno()) ?? "");

  const seek = (fd: number, offset: number, whence: number) => Number(lseek(fd, offset, whence));

  return {
    listXattrs(path) {
      const size = Number(llistxattr(bytes(path), scratch, scratch.length));
      if (size < 0) {
        if (isErrno("ENOTSUP", "EOPNOTSUPP")) return [];
        return fail("llistxattr", path);
      }
      if (size === 0) return [];
      return scratch.toString("latin1", 0, size - 1).split("\0");
    },
    getXattr(path, name) {
      const size = Number(lgetxattr(bytes(path), bytes(name), scratch, scratch.length));
      if (size < 0) {
        if (isErrno("ENODATA", "ENOTSUP", "EOPNOTSUPP")) return undefined;
        return fail(`lgetxattr ${name}`, path);
      }
      return new Uint8Array(scratch.subarray(0, size));
    },
    setXattr(path, name, value) {
      check(
        lsetxattr(bytes(path), bytes(name), value.length === 0 ? Buffer.alloc(1) : value, value.length, 0),
        `lsetxattr ${name}`,
        path,
      );
    },
    removeXattr(path, name) {
      check(lremovexattr(bytes(path), bytes(name)), `lremovexattr ${name}`, path);
    },
    makeNode(path, type, { major, minor }) {
      check(mknod(bytes(path), type | 0o600, makeDevice(major, minor)), "mknod", path);
    },
    setMtime(path, mtimeNs) {
      // Floor division: times before 1970 have a negative second and a positive nanosecond part.
      let seconds = mtimeNs / 1_000_000_000n;
      let nanoseconds = mtimeNs % 1_000_000_000n;
      if (nanoseconds < 0n) {
        nanoseconds += 1_000_000_000n;
        seconds -= 1n;
      }
      const times = BigInt64Array.of(seconds, nanoseconds, seconds, nanoseconds);
      check(utimensat(AT_FDCWD, bytes(path), times, AT_SYMLINK_NOFOLLOW), "utimensat", path);
    },
    renameNoReplace(from, to) {
      check(renameat2(AT_FDCWD, bytes(from), AT_FDCWD, bytes(to), RENAME_NOREPLACE), "renameat2", to);
    },
    renameExchange(a, b) {
      check(renameat2(AT_FDCWD, bytes(a), AT_FDCWD, bytes(b), RENAME_EXCHANGE), "renameat2", b);
    },
    seekData(fd, offset) {
      const at = seek(fd, offset, SEEK_DATA);
      if (at >= 0) return at;
      return isErrno("ENXIO") ? -1 : undefined;
    },
    seekHole: (fd, offset) => seek(fd, offset, SEEK_HOLE),
    syncFilesystem: (fd) =>
      new Promise((resolve, reject) => {
        syncfs.async(fd, (error: unknown, result: number) => {
          if (error) reject(error as Error);
          else if (result < 0) reject(new Error("syncfs failed"));
          else resolve();
        });
      }),
  };
}
