import { createHash, hash } from "node:crypto";
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
  writeSync,
} from "node:fs";
import { sha256 } from "@slipway/oci";
import type { Digest } from "@slipway/oci";
import { bytesOfText, fsPath, parentOf } from "../layer-index/byte-path.ts";
import type { BytePath } from "../layer-index/byte-path.ts";
import type { EntryMetadata, LayerIndex } from "../layer-index/entry.ts";
import { errnoOf, worldErrorOf } from "../syscalls/fs-errors.ts";
import { libc, S_IFBLK, S_IFCHR, S_IFIFO } from "../syscalls/libc.ts";
import { archiveError } from "./archive-error.ts";
import { entryPath } from "./entry-path.ts";
import type { TarHeader } from "./tar-header.ts";
import { OPAQUE_MARKER, OUTWARD_LINK, TarType, WHITEOUT_META_PREFIX, WHITEOUT_PREFIX } from "./tar-format.ts";
import type { TarHandler } from "./tar-parser.ts";
import { dirNode, indexOfTree } from "./tree-nodes.ts";
import type { DirNode, InodeNode, TreeNode } from "./tree-nodes.ts";

const PATH_MAX_BYTES = 4095;
const MAX_LINKS = 40;
const IMPLIED_DIR: EntryMetadata = { mode: 0o755, uid: 0, gid: 0, mtimeNs: 0n };
const IN_TREE = { kind: "tree" } as const;
const EMPTY_DIGEST = sha256("");

export interface TreeWriterOptions {
  /** Absolute path of an existing empty folder. */
  readonly treeDir: string;
  /**
   * What the tar is. In a layer `.wh.` names are deletions and links lead to what it has itself. In an archive that is
   * added to something, `.wh.` names and links to files of that something are kept for whoever merges them.
   */
  readonly from: "layer" | "archive";
}

/**
 * Writes what a tar says below a folder, in overlayfs form, and keeps the index of it. Nothing in the folder is ever
 * looked up: every component of every path is checked against what this writer made itself, so no symlink is ever
 * followed. Synchronous. After an error the folder is to be thrown away.
 */
export class TreeWriter implements TarHandler {
  readonly #treeBytes: string;
  readonly #from: "layer" | "archive";
  readonly #root: DirNode = dirNode(IMPLIED_DIR, { own: false });
  /** The folder of the last entry: most entries follow one of the same folder. */
  #lastDir: { readonly path: string; readonly node: DirNode } | undefined;
  #file: OpenFile | undefined;

  constructor(options: TreeWriterOptions) {
    this.#treeBytes = bytesOfText(options.treeDir);
    this.#from = options.from;
  }

  entry(header: TarHeader): void {
    const path = entryPath(header.name, PATH_MAX_BYTES - this.#treeBytes.length - 1);
    try {
      if (path === "") this.#rootEntry(header);
      else this.#entryBelowRoot(path, header);
    } catch (error) {
      throw worldErrorOf(error, this.#treeBytes);
    }
  }

  data(chunk: Buffer): void {
    const file = this.#file;
    if (file === undefined) return;
    try {
      // A file that came in one piece is hashed in one call, which is much cheaper.
      if (chunk.length === file.node.sizeBytes)
        file.node.digest = `sha256:${hash("sha256", chunk, "hex")}` as Digest;
      else (file.hash ??= createHash("sha256")).update(chunk);
      for (let at = 0; at < chunk.length;) at += writeSync(file.fd, chunk, at);
    } catch (error) {
      throw worldErrorOf(error, this.#treeBytes);
    }
  }

  entryEnd(): void {
    const file = this.#file;
    if (file === undefined) return;
    this.#file = undefined;
    file.node.digest ??=
      file.hash === undefined ? EMPTY_DIGEST : (`sha256:${file.hash.digest("hex")}` as Digest);
    const { metadata, fd, fullPath } = file;
    try {
      // In this order: a change of owner clears setuid bits and file capabilities, and all but times change times.
      fchownSync(fd, metadata.uid, metadata.gid);
      fchmodSync(fd, metadata.mode);
      this.#setXattrs(fullPath, metadata);
      if (hasWholeSeconds(metadata.mtimeNs)) setTimes(fd, metadata.mtimeNs);
      else libc().setMtime(fullPath, metadata.mtimeNs);
    } catch (error) {
      throw worldErrorOf(error, this.#treeBytes);
    } finally {
      closeSync(fd);
    }
  }

  /** Gives folders their metadata, deepest first, and the index of the tree. */
  finish(): LayerIndex {
    const index = indexOfTree(this.#root);
    try {
      for (let i = index.entries.length - 1; i >= 0; i--) {
        const entry = index.entries[i]!;
        if (entry.kind === "dir") this.#finishDir(entry.path, entry, entry.opaque === true);
      }
      if (!this.#root.own && !this.#root.opaque) chmodSync(fsPath(this.#treeBytes), IMPLIED_DIR.mode);
    } catch (error) {
      throw worldErrorOf(error, this.#treeBytes);
    }
    return index;
  }

  /** Closes what is open; for use after an error. */
  abandon(): void {
    if (this.#file !== undefined) closeSync(this.#file.fd);
    this.#file = undefined;
  }

  #full(path: string): string {
    return path === "" ? this.#treeBytes : `${this.#treeBytes}/${path}`;
  }

  #rootEntry(header: TarHeader): void {
    if (header.type !== TarType.dir) {
      if (this.#from === "archive") return;
      throw archiveError("ARCHIVE_BAD_HEADER", "the root is not a folder", header.name);
    }
    this.#root.metadata = metadataOf(header);
    this.#root.own = true;
  }

  #entryBelowRoot(written: BytePath, header: TarHeader): void {
    const path = this.#from === "archive" ? this.#realPath(written) : written;
    const parent = this.#dir(parentOf(path), path);
    const name = path.slice(path.lastIndexOf("/") + 1);
    if (name.startsWith(WHITEOUT_PREFIX) && this.#from === "layer") return this.#whiteout(path, name, parent);

    const existing = parent.children.get(name);
    const metadata = metadataOf(header);
    if (header.type === TarType.dir && existing?.kind === "dir") {
      existing.metadata = metadata;
      existing.implied = false;
      return;
    }
    // Looked up first, so that a link to itself or to something below itself is no surprise.
    const linked = header.type === TarType.hardlink ? this.#linkTarget(path, header) : undefined;
    if (linked !== undefined && linked === existing) return;
    if (existing !== undefined) this.#remove(path, name, parent);
    const node = this.#make(path, header, metadata, linked);
    // A deletion together with a new folder hides what the lower folder had in it.
    if (node.kind === "dir" && existing?.kind === "whiteout") node.opaque = true;
    parent.children.set(name, node);
  }

  #make(path: BytePath, header: TarHeader, metadata: EntryMetadata, linked: TreeNode | undefined): TreeNode {
    const full = this.#full(path);
    switch (header.type) {
      case TarType.file: {
        const node = {
          kind: "file" as const,
          sizeBytes: header.sizeBytes,
          digest: undefined,
          content: IN_TREE,
        };
        const flags = constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY | constants.O_NOFOLLOW;
        this.#file = {
          fd: openSync(fsPath(full), flags, 0o600),
          node,
          metadata,
          fullPath: full,
          hash: undefined,
        };
        return { kind: "inode", inode: { metadata, what: node } };
      }
      case TarType.dir:
        mkdirSync(fsPath(full), 0o700);
        return dirNode(metadata, { own: true });
      case TarType.symlink:
        return this.#makeSymlink(full, path, {
          kind: "symlink",
          metadata: { ...metadata, mode: 0o777 },
          target: header.linkName ?? "",
        });
      case TarType.hardlink:
        return this.#makeHardlink(full, path, header, linked);
      case TarType.fifo:
        libc().makeNode(full, S_IFIFO, { major: 0, minor: 0 });
        this.#finishNode(full, metadata);
        return { kind: "inode", inode: { metadata, what: { kind: "fifo" } } };
      case TarType.char:
      case TarType.block:
        return this.#makeDevice(full, header, metadata);
      default:
        throw archiveError(
          "ARCHIVE_UNSUPPORTED_TYPE",
          `entries of type "${String.fromCharCode(header.type)}" are not supported`,
          path,
        );
    }
  }

  #makeSymlink(full: string, path: string, node: Extract<TreeNode, { kind: "symlink" }>): TreeNode {
    if (node.target === "")
      throw archiveError("ARCHIVE_BAD_HEADER", "a symbolic link without a target", path);
    if (node.target.length > PATH_MAX_BYTES)
      throw archiveError("ARCHIVE_PATH_TOO_LONG", "the link's target is too long", path);
    symlinkSync(fsPath(node.target), fsPath(full));
    lchownSync(fsPath(full), node.metadata.uid, node.metadata.gid);
    this.#setXattrs(full, node.metadata);
    libc().setMtime(full, node.metadata.mtimeNs);
    return node;
  }

  #makeHardlink(full: string, path: string, header: TarHeader, linked: TreeNode | undefined): TreeNode {
    const target = this.#linkedPath(header);
    if (linked === undefined) return this.#makeOutwardLink(full, target, metadataOf(header));
    // An index has hard links to what holds content or is a device; a second symlink is the same to everybody.
    if (linked.kind === "symlink") return this.#makeSymlink(full, path, linked);
    linkSync(fsPath(this.#full(target)), fsPath(full));
    return linked;
  }

  /** A link to a file that is not in the archive is an empty file with a note, until it is merged. */
  #makeOutwardLink(full: string, target: string, own: EntryMetadata): TreeNode {
    const fd = openSync(fsPath(full), constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY, 0o600);
    closeSync(fd);
    const metadata = { ...own, xattrs: new Map([[OUTWARD_LINK, Buffer.from(target, "latin1")]]) };
    const what = { kind: "file" as const, sizeBytes: 0, digest: EMPTY_DIGEST, content: IN_TREE };
    return { kind: "inode", inode: { metadata, what } };
  }

  #makeDevice(full: string, header: TarHeader, metadata: EntryMetadata): TreeNode {
    const kind = header.type === TarType.char ? "char" : "block";
    const [major, minor] = [header.major ?? 0, header.minor ?? 0];
    libc().makeNode(full, kind === "char" ? S_IFCHR : S_IFBLK, { major, minor });
    // To overlayfs this device is a whiteout, whatever the archive meant.
    if (kind === "char" && major === 0 && minor === 0) return { kind: "whiteout" };
    this.#finishNode(full, metadata);
    return { kind: "inode", inode: { metadata, what: { kind, major, minor } } };
  }

  #finishNode(full: string, metadata: EntryMetadata): void {
    lchownSync(fsPath(full), metadata.uid, metadata.gid);
    chmodSync(fsPath(full), metadata.mode);
    this.#setXattrs(full, metadata);
    libc().setMtime(full, metadata.mtimeNs);
  }

  #finishDir(path: string, metadata: EntryMetadata, opaque: boolean): void {
    const full = this.#full(path);
    lchownSync(fsPath(full), metadata.uid, metadata.gid);
    chmodSync(fsPath(full), metadata.mode);
    this.#setXattrs(full, metadata);
    if (opaque) libc().setXattr(full, "trusted.overlay.opaque", Buffer.from("y"));
    libc().setMtime(full, metadata.mtimeNs);
  }

  #setXattrs(full: string, metadata: EntryMetadata): void {
    for (const [name, value] of metadata.xattrs ?? []) {
      try {
        libc().setXattr(full, name, value);
      } catch (error) {
        // The index keeps it; what this file system cannot hold, no process here can see either.
        const errno = errnoOf(error);
        const isUserOnLink = errno === "EPERM" && name.startsWith("user.");
        if (errno !== "ENOTSUP" && errno !== "EOPNOTSUPP" && !isUserOnLink) throw error;
      }
    }
  }

  #whiteout(path: BytePath, name: string, parent: DirNode): void {
    if (name === OPAQUE_MARKER) {
      parent.opaque = true;
      return;
    }
    // AUFS's own bookkeeping, in layers from long ago.
    if (name.startsWith(WHITEOUT_META_PREFIX)) return;
    const hidden = name.slice(WHITEOUT_PREFIX.length);
    if (hidden === "" || hidden === "." || hidden === "..") {
      throw archiveError("ARCHIVE_BAD_WHITEOUT", "a whiteout that names nothing", path);
    }
    const existing = parent.children.get(hidden);
    // Whiteouts hide what lower layers have, never what this one brings, in whichever order they come.
    if (existing?.kind === "dir") existing.opaque = true;
    if (existing !== undefined) return;
    const prefix = path.slice(0, path.length - name.length);
    libc().makeNode(this.#full(prefix + hidden), S_IFCHR, { major: 0, minor: 0 });
    parent.children.set(hidden, { kind: "whiteout" });
  }

  #linkedPath(header: TarHeader): BytePath {
    const target = entryPath(header.linkName ?? "", PATH_MAX_BYTES);
    return this.#from === "archive" ? this.#realPath(target) : target;
  }

  /** What a link leads to; undefined when the archive does not have it, and need not. */
  #linkTarget(path: BytePath, header: TarHeader): TreeNode | undefined {
    const target = this.#linkedPath(header);
    let node: TreeNode | undefined = this.#root;
    for (const part of target === "" ? [] : target.split("/")) {
      node = node?.kind === "dir" ? node.children.get(part) : undefined;
    }
    const goesAway = target.startsWith(`${path}/`);
    const isOwn = node !== undefined || this.#from === "layer" || target === path;
    if (!isOwn && target !== "" && !goesAway) return undefined;
    if (node === undefined || node.kind === "dir" || node.kind === "whiteout" || goesAway) {
      throw archiveError(
        "ARCHIVE_HARDLINK_TARGET",
        `hard link to "${target}", which is no file of this archive`,
        header.name,
      );
    }
    return node;
  }

  #remove(path: string, name: string, parent: DirNode): void {
    rmSync(fsPath(this.#full(path)), { recursive: true, force: true });
    parent.children.delete(name);
    this.#lastDir = undefined;
  }

  /**
   * The path with the symbolic links in its folders followed, within the root and as far as this archive made what they
   * lead to; other archives than layers may name an entry through one.
   */
  #realPath(path: BytePath): BytePath {
    let rest = path.split("/");
    let real: string[] = [];
    let dir: TreeNode | undefined = this.#root;
    for (let links = 0; rest.length > 1;) {
      const name = rest[0]!;
      const next: TreeNode | undefined = dir?.kind === "dir" ? dir.children.get(name) : undefined;
      if (next?.kind !== "symlink") {
        real.push(name);
        rest = rest.slice(1);
        dir = next;
        continue;
      }
      const target = this.#linkedDir(next.target, real);
      // What leads nowhere is refused when its folder is looked for.
      if (target === undefined || ++links > MAX_LINKS) return path;
      real = target;
      rest = rest.slice(1);
      dir = this.#nodeAt(real);
    }
    return [...real, ...rest].join("/") as BytePath;
  }

  /** The folder that a link in the folder `from` leads to; undefined when there is none, or another link on the way. */
  #linkedDir(target: string, from: readonly string[]): string[] | undefined {
    const parts = target.startsWith("/") ? [] : [...from];
    for (const part of target.split("/")) {
      if (part === "" || part === ".") continue;
      if (part === "..") parts.pop();
      else parts.push(part);
    }
    return this.#nodeAt(parts)?.kind === "dir" ? parts : undefined;
  }

  #nodeAt(parts: readonly string[]): TreeNode | undefined {
    let node: TreeNode | undefined = this.#root;
    for (const part of parts) node = node?.kind === "dir" ? node.children.get(part) : undefined;
    return node;
  }

  /** The folder at `path`, made with its parents when it is not there. */
  #dir(path: BytePath, entry: string): DirNode {
    if (path === "") return this.#root;
    if (this.#lastDir?.path === path) return this.#lastDir.node;
    let dir = this.#root;
    let at = 0;
    while (at <= path.length) {
      const slash = path.indexOf("/", at);
      const end = slash < 0 ? path.length : slash;
      const name = path.slice(at, end);
      let next = dir.children.get(name);
      if (next === undefined || next.kind === "whiteout") {
        const full = fsPath(this.#full(path.slice(0, end)));
        if (next !== undefined) rmSync(full);
        mkdirSync(full, 0o700);
        const made = dirNode(IMPLIED_DIR, { own: true, opaque: next !== undefined });
        made.implied = true;
        dir.children.set(name, made);
        next = made;
      }
      if (next.kind === "symlink") {
        throw archiveError(
          "ARCHIVE_PATH_THROUGH_SYMLINK",
          `the path goes through the symbolic link "${path.slice(0, end)}"`,
          entry,
        );
      }
      if (next.kind !== "dir") {
        throw archiveError("ARCHIVE_PARENT_NOT_DIRECTORY", `"${path.slice(0, end)}" is no folder`, entry);
      }
      dir = next;
      at = end + 1;
    }
    this.#lastDir = { path, node: dir };
    return dir;
  }
}

interface OpenFile {
  readonly fd: number;
  readonly node: Extract<InodeNode["what"], { kind: "file" }>;
  readonly metadata: EntryMetadata;
  readonly fullPath: string;
  hash: ReturnType<typeof createHash> | undefined;
}

function metadataOf(header: TarHeader): EntryMetadata {
  const { mode, uid, gid, mtimeNs, xattrs } = header;
  return xattrs === undefined ? { mode, uid, gid, mtimeNs } : { mode, uid, gid, mtimeNs, xattrs };
}

function hasWholeSeconds(timeNs: bigint): boolean {
  return timeNs % 1_000_000_000n === 0n;
}

function setTimes(fd: number, timeNs: bigint): void {
  // Exact for whole seconds only: Node takes times as doubles.
  const seconds = Number(timeNs / 1_000_000_000n);
  futimesSync(fd, seconds, seconds);
}
