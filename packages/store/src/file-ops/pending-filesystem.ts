import { InputError } from "@slipway/oci";
import type { LayerId } from "@slipway/engine-sdk";
import { dirNode, indexOfTree, inodeEntry } from "../archive/tree-nodes.ts";
import type { DirNode, InodeEntry, InodeNode, TreeNode } from "../archive/tree-nodes.ts";
import type { Lookup, MergedView } from "../contracts.ts";
import { baseNameOf, parentOf, textOfBytes } from "../layer-index/byte-path.ts";
import type { BytePath } from "../layer-index/byte-path.ts";
import type { DirEntry, EntryMetadata, LayerIndex } from "../layer-index/entry.ts";
import { resolvePath } from "../roots/resolve-path.ts";

/** What file operations read filesystems through. A `MergedView` is one. */
export type ReadableFilesystem = Pick<MergedView, "lstat" | "list" | "resolve" | "readFile">;

const NO_LAYER = "" as LayerId;
const EMPTY_ROOT: DirEntry = { kind: "dir", path: "" as BytePath, mode: 0o755, uid: 0, gid: 0, mtimeNs: 0n };

/** A filesystem with nothing in it: what `NO_INPUT` stands for. */
export const EMPTY_FILESYSTEM: ReadableFilesystem = Object.freeze({
  lstat: (path: BytePath) => (path === "" ? { entry: EMPTY_ROOT, layer: NO_LAYER } : undefined),
  list: (path: BytePath) => (path === "" ? [] : undefined),
  resolve: (path: string, options: { followLast?: boolean } = {}) =>
    resolvePath(path, (at) => EMPTY_FILESYSTEM.lstat(at), { followLast: options.followLast ?? true }),
  readFile: (path: string) => Promise.reject(notFound(path)),
});

/**
 * Changes over a filesystem that are not a layer yet. Reading sees them at once. Only `set`, `remove` and `mkdirAll`
 * change it.
 */
export class PendingFilesystem implements ReadableFilesystem {
  readonly #base: ReadableFilesystem;
  readonly #root: DirNode;
  /** How to read the content of files that were copied here. */
  readonly #origins: Map<InodeNode, () => Promise<Buffer>>;
  readonly #canonical = new WeakMap<InodeNode, InodeEntry>();
  #lastFolder: { readonly path: string; readonly state: FolderState } | undefined;

  constructor(
    base: ReadableFilesystem,
    from?: { root: DirNode; origins: Map<InodeNode, () => Promise<Buffer>> },
  ) {
    this.#base = base;
    this.#root =
      from?.root ?? dirNode(metadataOf(base.lstat("" as BytePath)!.entry as DirEntry), { own: false });
    this.#origins = from?.origins ?? new Map();
  }

  /** A copy that can be changed on its own. */
  clone(): PendingFilesystem {
    return new PendingFilesystem(this.#base, { root: cloneDir(this.#root), origins: new Map(this.#origins) });
  }

  /** The changes as a layer over the base; null when there are none. */
  changes(): LayerIndex | null {
    const index = indexOfTree(this.#root);
    return index.entries.length === 0 ? null : index;
  }

  lstat(path: BytePath): Lookup | undefined {
    if (path === "") return { entry: { kind: "dir", path, ...this.#root.metadata }, layer: NO_LAYER };
    const { node, inBase } = this.#folder(parentOf(path));
    const child = node?.children.get(baseNameOf(path));
    if (child !== undefined) return this.#lookupOf(path, child);
    return inBase ? this.#base.lstat(path) : undefined;
  }

  list(path: BytePath): readonly Lookup[] | undefined {
    if (this.lstat(path)?.entry.kind !== "dir") return undefined;
    const { node, inBase } = this.#folder(path);
    const fromBase = inBase ? (this.#base.list(path) ?? []) : [];
    if (node === undefined || node.children.size === 0) return fromBase;
    const found = fromBase.filter(({ entry }) => !node.children.has(baseNameOf(entry.path)));
    for (const [name, child] of node.children) {
      const lookup = this.#lookupOf((path === "" ? name : `${path}/${name}`) as BytePath, child);
      if (lookup !== undefined) found.push(lookup);
    }
    return found.sort((a, b) => (a.entry.path < b.entry.path ? -1 : 1));
  }

  resolve(
    path: string,
    options: { followLast?: boolean } = {},
  ): { path: BytePath; found: Lookup | undefined } {
    return resolvePath(path, (at) => this.lstat(at), { followLast: options.followLast ?? true });
  }

  async readFile(path: string, options: { maxBytes?: number } = {}): Promise<Buffer> {
    const at = this.resolve(path).path;
    const { node, inBase } = this.#folder(parentOf(at));
    const child = node?.children.get(baseNameOf(at));
    if (child === undefined && inBase) return this.#base.readFile(at, options);
    if (child?.kind !== "inode" || child.inode.what.kind !== "file") throw notFound(path);
    const { content, sizeBytes } = child.inode.what;
    if (sizeBytes > (options.maxBytes ?? Infinity)) {
      throw new InputError("FILE_TOO_LARGE", `"${textOfBytes(path)}" has ${sizeBytes} bytes`, {
        hint: "Make the file smaller.",
      });
    }
    if (content.kind === "bytes") return Buffer.from(content.data);
    const read = this.#origins.get(child.inode);
    if (read === undefined) throw notFound(path);
    return read();
  }

  /** Puts an entry at a path whose parent is a folder, in the place of what was there. */
  set(path: BytePath, node: TreeNode, origin?: () => Promise<Buffer>): void {
    const parent = this.#writableFolder(parentOf(path));
    const name = baseNameOf(path);
    if (parent.children.get(name)?.kind === "dir" || node.kind === "dir") this.#lastFolder = undefined;
    parent.children.set(name, node);
    if (origin !== undefined && node.kind === "inode") this.#origins.set(node.inode, origin);
  }

  /** Makes a new folder where there is nothing. */
  makeDir(path: BytePath, metadata: EntryMetadata): void {
    const parent = this.#folder(parentOf(path));
    // What a deletion or an earlier layer left below must stay hidden.
    const opaque = parent.inBase && this.#base.lstat(path)?.entry.kind === "dir";
    this.set(path, dirNode(metadata, { own: true, opaque }));
  }

  /** Gives an existing folder other metadata. */
  setDirMetadata(path: BytePath, metadata: EntryMetadata): void {
    const node = this.#writableFolder(path);
    node.metadata = metadata;
    node.own = true;
  }

  /** Hides what the base has at a path, but nothing that was set here. */
  hide(path: BytePath): void {
    const child = this.#folder(parentOf(path)).node?.children.get(baseNameOf(path));
    if (child === undefined) this.remove(path);
    else if (child.kind === "dir") this.makeOpaque(path);
  }

  /** Hides what the base has in a folder, but nothing that was set here. */
  makeOpaque(path: BytePath): void {
    if (path !== "" && !this.#folder(path).inBase) return;
    const node = this.#writableFolder(path);
    node.opaque = true;
    node.own = true;
    this.#lastFolder = undefined;
  }

  /** Removes an entry and everything below it; does nothing when there is none. */
  remove(path: BytePath): void {
    if (this.lstat(path) === undefined) return;
    const parent = this.#writableFolder(parentOf(path));
    const { inBase } = this.#folder(parentOf(path));
    this.#lastFolder = undefined;
    if (inBase && this.#base.lstat(path) !== undefined)
      parent.children.set(baseNameOf(path), { kind: "whiteout" });
    else parent.children.delete(baseNameOf(path));
  }

  /**
   * Makes a folder and the missing ones above it. `path` must be resolved.
   * @throws InputError `NOT_A_DIRECTORY`
   */
  mkdirAll(path: BytePath, metadata: EntryMetadata): void {
    const found = this.lstat(path);
    if (found?.entry.kind === "dir") return;
    if (found !== undefined) {
      throw new InputError("NOT_A_DIRECTORY", `"/${textOfBytes(path)}" is not a directory`, {
        hint: "Remove the file first, or choose another destination.",
        data: { path: textOfBytes(path) },
      });
    }
    const parent = parentOf(path);
    if (parent !== path && path !== "") this.mkdirAll(parent, metadata);
    this.makeDir(path, metadata);
  }

  /** What is known of a folder: its changes, and whether the base has it, too. */
  #folder(path: string): FolderState {
    if (path === "") return { node: this.#root, inBase: !this.#root.opaque };
    if (this.#lastFolder?.path === path) return this.#lastFolder.state;
    const parent = this.#folder(parentOf(path as BytePath));
    const child = parent.node?.children.get(baseNameOf(path as BytePath));
    let state: FolderState;
    if (child !== undefined && child.kind !== "dir") state = { node: undefined, inBase: false };
    else {
      const inBase =
        parent.inBase && child?.opaque !== true && this.#base.lstat(path as BytePath)?.entry.kind === "dir";
      state = { node: child, inBase };
    }
    this.#lastFolder = { path, state };
    return state;
  }

  #writableFolder(path: BytePath): DirNode {
    const { node } = this.#folder(path);
    if (node !== undefined) return node;
    const parent = this.#writableFolder(parentOf(path));
    const entry = this.lstat(path)?.entry;
    if (entry?.kind !== "dir") throw notFound(path);
    const made = dirNode(metadataOf(entry), { own: false });
    parent.children.set(baseNameOf(path), made);
    this.#lastFolder = undefined;
    return made;
  }

  #lookupOf(path: BytePath, node: TreeNode): Lookup | undefined {
    switch (node.kind) {
      case "whiteout":
        return undefined;
      case "dir":
        return { entry: { kind: "dir", path, ...node.metadata }, layer: NO_LAYER };
      case "symlink":
        return { entry: { kind: "symlink", path, ...node.metadata, target: node.target }, layer: NO_LAYER };
      case "inode": {
        let canonical = this.#canonical.get(node.inode);
        if (canonical === undefined)
          this.#canonical.set(node.inode, (canonical = inodeEntry(path, node.inode)));
        if (canonical.path === path) return { entry: canonical, layer: NO_LAYER };
        return {
          entry: { kind: "hardlink", path, target: canonical.path },
          layer: NO_LAYER,
          linked: canonical,
        };
      }
    }
  }
}

interface FolderState {
  readonly node: DirNode | undefined;
  readonly inBase: boolean;
}

function cloneDir(dir: DirNode): DirNode {
  const children = new Map<string, TreeNode>();
  for (const [name, child] of dir.children)
    children.set(name, child.kind === "dir" ? cloneDir(child) : child);
  return { ...dir, children };
}

/** The metadata of an entry alone. */
export function metadataOf({ mode, uid, gid, mtimeNs, xattrs }: EntryMetadata): EntryMetadata {
  return xattrs === undefined ? { mode, uid, gid, mtimeNs } : { mode, uid, gid, mtimeNs, xattrs };
}

function notFound(path: string): InputError {
  return new InputError("FILE_NOT_FOUND", `"${textOfBytes(path)}" not found`, {
    hint: "Check the path.",
    data: { path: textOfBytes(path) },
  });
}
