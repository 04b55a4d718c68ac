import { createHash, hash } from "node:crypto";
import { closeSync, writeSync } from "node:fs";
import { sha256 } from "@slipway/oci";
import type { Digest } from "@slipway/oci";
import { parentOf } from "../layer-index/byte-path.ts";
import type { BytePath } from "../layer-index/byte-path.ts";
import type { EntryMetadata, LayerIndex } from "../layer-index/entry.ts";
import { worldErrorOf } from "../syscalls/fs-errors.ts";
import { archiveError } from "./archive-error.ts";
import { entryPath } from "./entry-path.ts";
import type { TarHeader } from "./tar-header.ts";
import { isWhiteoutName, OPAQUE_MARKER, OUTWARD_LINK, TarType, WHITEOUT_PREFIX } from "./tar-format.ts";
import type { TarHandler } from "./tar-parser.ts";
import { TreeFiles } from "./tree-files.ts";
import { dirNode, indexOfTree } from "./tree-nodes.ts";
import type { DirNode, InodeNode, TreeNode } from "./tree-nodes.ts";
import { nodeAt, realPath } from "./tree-paths.ts";

const PATH_MAX_BYTES = 4095;
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
 * looked up: every component of every path is checked against what this writer made itself. So no symbolic link is
 * followed by the system, only by name and within the root. Synchronous. After an error the folder is to be thrown away.
 */
export class TreeWriter implements TarHandler {
  readonly #files: TreeFiles;
  readonly #from: "layer" | "archive";
  readonly #maxPathBytes: number;
  readonly #root: DirNode = dirNode(IMPLIED_DIR, { own: false });
  /** The folder of the last entry: most entries follow one of the same folder. */
  #lastDir: { readonly path: string; readonly node: DirNode } | undefined;
  #file: OpenFile | undefined;

  constructor(options: TreeWriterOptions) {
    this.#files = new TreeFiles(options.treeDir, { needsOwners: options.from === "layer" });
    this.#maxPathBytes = PATH_MAX_BYTES - this.#files.folder.length - 1;
    this.#from = options.from;
  }

  entry(header: TarHeader): void {
    const path = entryPath(header.name, this.#maxPathBytes);
    try {
      if (path === "") this.#rootEntry(header);
      else this.#entryBelowRoot(path, header);
    } catch (error) {
      throw worldErrorOf(error, this.#files.folder);
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
      throw worldErrorOf(error, this.#files.folder);
    }
  }

  entryEnd(): void {
    const file = this.#file;
    if (file === undefined) return;
    this.#file = undefined;
    file.node.digest ??=
      file.hash === undefined ? EMPTY_DIGEST : (`sha256:${file.hash.digest("hex")}` as Digest);
    try {
      this.#files.finishFile(file.fd, file.path, file.metadata);
    } catch (error) {
      throw worldErrorOf(error, this.#files.folder);
    }
  }

  /** Gives folders their metadata, deepest first, and the index of the tree. */
  finish(): LayerIndex {
    const index = indexOfTree(this.#root);
    try {
      for (let i = index.entries.length - 1; i >= 0; i--) {
        const entry = index.entries[i]!;
        if (entry.kind !== "dir") continue;
        this.#files.setMetadata(entry.path, entry);
        if (entry.opaque === true) this.#files.setOpaque(entry.path);
      }
      if (!this.#root.own && !this.#root.opaque) this.#files.setMode("", IMPLIED_DIR.mode);
    } catch (error) {
      throw worldErrorOf(error, this.#files.folder);
    }
    return index;
  }

  /** Closes what is open; for use after an error. */
  abandon(): void {
    if (this.#file !== undefined) closeSync(this.#file.fd);
    this.#file = undefined;
  }

  #rootEntry(header: TarHeader): void {
    if (header.type !== TarType.dir) {
      if (this.#from === "archive") return;
      throw archiveError("ARCHIVE_BAD_HEADER", "the root is not a folder", header.name);
    }
    // The root of a container is never a layer's: other builders and runtimes leave it as they make it.
    if (this.#from === "layer") return;
    this.#root.metadata = metadataOf(header);
    this.#root.own = true;
  }

  #entryBelowRoot(written: BytePath, header: TarHeader): void {
    const path = this.#realPath(written);
    const parent = this.#dir(parentOf(path), path);
    const name = path.slice(path.lastIndexOf("/") + 1);
    if (name.startsWith(WHITEOUT_PREFIX) && this.#from === "layer") {
      // What AUFS kept to itself is no file, but folders of its own may hold files that links lead to.
      if (isWhiteoutName(name)) this.#whiteout(path, name, parent);
      return;
    }

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
    switch (header.type) {
      case TarType.file: {
        const { sizeBytes } = header;
        const node = { kind: "file" as const, sizeBytes, digest: undefined, content: IN_TREE };
        this.#file = { fd: this.#files.create(path), node, metadata, path, hash: undefined };
        return { kind: "inode", inode: { metadata, what: node } };
      }
      case TarType.dir:
        this.#files.makeDir(path);
        return dirNode(metadata, { own: true });
      case TarType.symlink:
        return this.#makeSymlink(path, {
          kind: "symlink",
          metadata: { ...metadata, mode: 0o777 },
          target: header.linkName ?? "",
        });
      case TarType.hardlink:
        return this.#makeHardlink(path, header, linked);
      case TarType.fifo:
        this.#files.makeFifo(path, metadata);
        return { kind: "inode", inode: { metadata, what: { kind: "fifo" } } };
      case TarType.char:
      case TarType.block:
        return this.#makeDevice(path, header, metadata);
      default:
        throw archiveError(
          "ARCHIVE_UNSUPPORTED_TYPE",
          `entries of type "${String.fromCharCode(header.type)}" are not supported`,
          path,
        );
    }
  }

  #makeSymlink(path: string, node: Extract<TreeNode, { kind: "symlink" }>): TreeNode {
    if (node.target === "")
      throw archiveError("ARCHIVE_BAD_HEADER", "a symbolic link without a target", path);
    if (node.target.length > PATH_MAX_BYTES)
      throw archiveError("ARCHIVE_PATH_TOO_LONG", "the link's target is too long", path);
    this.#files.makeSymlink(path, node.target, node.metadata);
    return node;
  }

  #makeHardlink(path: string, header: TarHeader, linked: TreeNode | undefined): TreeNode {
    const target = this.#linkedPath(header);
    if (linked === undefined) return this.#makeOutwardLink(path, target, metadataOf(header));
    // An index has hard links to what holds content or is a device; a second symlink is the same to everybody.
    if (linked.kind === "symlink") return this.#makeSymlink(path, linked);
    this.#files.makeLink(path, target);
    if (linked.kind === "inode") this.#takeMetadata(path, linked.inode, metadataOf(header));
    return linked;
  }

  /** What the entry of a further name says is said of the file, as other builders and runtimes have it. */
  #takeMetadata(path: string, inode: InodeNode, given: EntryMetadata): void {
    const { metadata: own } = inode;
    const isSame =
      own.mode === given.mode &&
      own.uid === given.uid &&
      own.gid === given.gid &&
      own.mtimeNs === given.mtimeNs &&
      given.xattrs === undefined;
    if (isSame) return;
    const xattrs = given.xattrs && new Map([...(own.xattrs ?? []), ...given.xattrs]);
    inode.metadata = { ...own, ...given, ...(xattrs === undefined ? {} : { xattrs }) };
    this.#files.setMetadata(path, inode.metadata);
  }

  /** A link to a file that is not in the archive is an empty file with a note, until it is merged. */
  #makeOutwardLink(path: string, target: string, own: EntryMetadata): TreeNode {
    closeSync(this.#files.create(path));
    const metadata = { ...own, xattrs: new Map([[OUTWARD_LINK, Buffer.from(target, "latin1")]]) };
    const what = { kind: "file" as const, sizeBytes: 0, digest: EMPTY_DIGEST, content: IN_TREE };
    return { kind: "inode", inode: { metadata, what } };
  }

  #makeDevice(path: string, header: TarHeader, metadata: EntryMetadata): TreeNode {
    const kind = header.type === TarType.char ? "char" : "block";
    const [major, minor] = [header.major ?? 0, header.minor ?? 0];
    this.#files.makeDevice(path, { kind, major, minor });
    // To overlayfs this device is a whiteout, whatever the archive meant.
    if (kind === "char" && major === 0 && minor === 0) return { kind: "whiteout" };
    this.#files.setMetadata(path, metadata);
    return { kind: "inode", inode: { metadata, what: { kind, major, minor } } };
  }

  #whiteout(path: BytePath, name: string, parent: DirNode): void {
    if (name === OPAQUE_MARKER) {
      parent.opaque = true;
      return;
    }
    const hidden = name.slice(WHITEOUT_PREFIX.length);
    if (hidden === "" || hidden === "." || hidden === "..") {
      throw archiveError("ARCHIVE_BAD_WHITEOUT", "a whiteout that names nothing", path);
    }
    const existing = parent.children.get(hidden);
    // Whiteouts hide what lower layers have, never what this one brings, in whichever order they come.
    if (existing?.kind === "dir") existing.opaque = true;
    if (existing !== undefined) return;
    this.#files.makeWhiteout(path.slice(0, path.length - name.length) + hidden);
    parent.children.set(hidden, { kind: "whiteout" });
  }

  /** Where an entry is, by whatever links of this tar it is named; in a layer a link may be there before its folder. */
  #realPath(path: BytePath): BytePath {
    const real = realPath(this.#root, path, { mayMakeFolders: this.#from === "layer" });
    if (real.length > this.#maxPathBytes)
      throw archiveError("ARCHIVE_PATH_TOO_LONG", "the path is too long with its links followed", path);
    return real;
  }

  #linkedPath(header: TarHeader): BytePath {
    return this.#realPath(entryPath(header.linkName ?? "", PATH_MAX_BYTES));
  }

  /** What a link leads to; undefined when the archive does not have it, and need not. */
  #linkTarget(path: BytePath, header: TarHeader): TreeNode | undefined {
    const target = this.#linkedPath(header);
    const node = nodeAt(this.#root, target);
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
    this.#files.remove(path);
    parent.children.delete(name);
    this.#lastDir = undefined;
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
        const folder = path.slice(0, end);
        if (next !== undefined) this.#files.remove(folder);
        this.#files.makeDir(folder);
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
  readonly path: string;
  hash: ReturnType<typeof createHash> | undefined;
}

function metadataOf(header: TarHeader): EntryMetadata {
  const { mode, uid, gid, mtimeNs, xattrs } = header;
  return xattrs === undefined ? { mode, uid, gid, mtimeNs } : { mode, uid, gid, mtimeNs, xattrs };
}
