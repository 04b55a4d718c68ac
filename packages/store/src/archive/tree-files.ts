import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  futimesSync,
  lchownSync,
  linkSync,
  mkdirSync,
  openSync,
  rmSync,
  symlinkSync,
} from "node:fs";
import { bytesOfText, fsPath, textOfBytes } from "../layer-index/byte-path.ts";
import type { EntryMetadata } from "../layer-index/entry.ts";
import { errnoOf } from "../syscalls/fs-errors.ts";
import { libc, S_IFBLK, S_IFCHR, S_IFIFO } from "../syscalls/libc.ts";
import { archiveError, ownerNotMapped } from "./archive-error.ts";

/** ext4 has no space left for attributes that do not fit into a block, however empty the disk is. */
const LONG_XATTR_BYTES = 1000;

/**
 * Makes what a tree is made of, below a folder. Paths are those of the tree, in bytes; each must be free, and its folder
 * there and no symbolic link. Synchronous; throws what Node and the system calls throw.
 */
export class TreeFiles {
  /** The folder, in bytes. */
  readonly folder: string;

  readonly #needsOwners: boolean;

  /**
   * @param options.needsOwners whether files are seen as they are, and not only read: an owner that this user namespace does
   * not have is then an error
   */
  constructor(treeDir: string, options: { readonly needsOwners: boolean }) {
    this.folder = bytesOfText(treeDir);
    this.#needsOwners = options.needsOwners;
  }

  full(path: string): string {
    return path === "" ? this.folder : `${this.folder}/${path}`;
  }

  /** Opens a new file, which only its maker can read until it has its metadata. */
  create(path: string): number {
    const flags = constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY | constants.O_NOFOLLOW;
    return openSync(fsPath(this.full(path)), flags, 0o600);
  }

  /** Gives an open file its metadata and closes it. */
  finishFile(fd: number, path: string, metadata: EntryMetadata): void {
    const { mode, uid, gid, mtimeNs } = metadata;
    try {
      // In this order: a change of owner clears setuid bits and file capabilities, and all but times change times.
      this.#own(path, metadata, () => fchownSync(fd, uid, gid));
      fchmodSync(fd, mode);
      this.#setXattrs(path, metadata);
      // Exact for whole seconds only: Node takes times as doubles.
      if (mtimeNs % 1_000_000_000n !== 0n) libc().setMtime(this.full(path), mtimeNs);
      else futimesSync(fd, Number(mtimeNs / 1_000_000_000n), Number(mtimeNs / 1_000_000_000n));
    } finally {
      closeSync(fd);
    }
  }

  makeDir(path: string): void {
    mkdirSync(fsPath(this.full(path)), 0o700);
  }

  makeSymlink(path: string, target: string, metadata: EntryMetadata): void {
    const full = this.full(path);
    symlinkSync(fsPath(target), fsPath(full));
    this.#own(path, metadata);
    this.#setXattrs(path, metadata);
    libc().setMtime(full, metadata.mtimeNs);
  }

  makeLink(path: string, target: string): void {
    try {
      linkSync(fsPath(this.full(target)), fsPath(this.full(path)));
    } catch (error) {
      if (errnoOf(error) !== "EMLINK") throw error;
      const message = `"${textOfBytes(target)}" has as many hard links already as the file system of the store allows`;
      throw archiveError("ARCHIVE_TOO_MANY_LINKS", message, path, error);
    }
  }

  makeFifo(path: string, metadata: EntryMetadata): void {
    libc().makeNode(this.full(path), S_IFIFO, { major: 0, minor: 0 });
    this.setMetadata(path, metadata);
  }

  makeDevice(path: string, device: { readonly kind: "char" | "block"; major: number; minor: number }): void {
    libc().makeNode(this.full(path), device.kind === "char" ? S_IFCHR : S_IFBLK, device);
  }

  /** The device that means a deletion to overlayfs. */
  makeWhiteout(path: string): void {
    this.makeDevice(path, { kind: "char", major: 0, minor: 0 });
  }

  /** For everything but symbolic links. */
  setMetadata(path: string, metadata: EntryMetadata): void {
    const full = this.full(path);
    this.#own(path, metadata);
    chmodSync(fsPath(full), metadata.mode);
    this.#setXattrs(path, metadata);
    libc().setMtime(full, metadata.mtimeNs);
  }

  setMode(path: string, mode: number): void {
    chmodSync(fsPath(this.full(path)), mode);
  }

  /** Hides what overlayfs would show of lower folders of the same path. */
  setOpaque(path: string): void {
    libc().setXattr(this.full(path), "trusted.overlay.opaque", Buffer.from("y"));
  }

  remove(path: string): void {
    rmSync(fsPath(this.full(path)), { recursive: true, force: true });
  }

  #own(
    path: string,
    { uid, gid }: EntryMetadata,
    change = (): void => lchownSync(fsPath(this.full(path)), uid, gid),
  ): void {
    try {
      change();
    } catch (error) {
      if (errnoOf(error) !== "EINVAL") throw error;
      if (this.#needsOwners) throw ownerNotMapped(path, { uid, gid });
    }
  }

  #setXattrs(path: string, metadata: EntryMetadata): void {
    for (const [name, value] of metadata.xattrs ?? []) {
      try {
        libc().setXattr(this.full(path), name, value);
      } catch (error) {
        // The index keeps it; what this file system cannot hold, no process here can see either.
        const errno = errnoOf(error);
        const isUserOnLink = errno === "EPERM" && name.startsWith("user.");
        // In a user namespace `trusted.*` can't be set, and nothing in there could read it.
        const isTrusted = errno === "EPERM" && name.startsWith("trusted.");
        if (errno === "ENOTSUP" || errno === "EOPNOTSUPP" || isUserOnLink || isTrusted) continue;
        throw xattrError(error, path, { name, lengthBytes: value.length });
      }
    }
  }
}

/** What an archive says of an attribute that no file can have. */
function xattrError(
  error: unknown,
  path: string,
  { name, lengthBytes }: { readonly name: string; readonly lengthBytes: number },
): unknown {
  const errno = errnoOf(error);
  const isLong = errno === "ENOSPC" && lengthBytes > LONG_XATTR_BYTES;
  if (errno === "E2BIG" || errno === "ERANGE" || isLong) {
    const message = `the extended attribute ${name} is too long for the file system of the store`;
    return archiveError("ARCHIVE_BAD_XATTR", message, path, error);
  }
  if (errno !== "EINVAL") return error;
  const message = `the extended attribute ${name} has a value that means nothing`;
  return archiveError("ARCHIVE_BAD_XATTR", message, path, error);
}
