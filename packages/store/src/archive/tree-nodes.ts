import type { Digest } from "@slipway/oci";
import type { BytePath } from "../layer-index/byte-path.ts";
import type { ContentSource, Entry, EntryMetadata, LayerIndex } from "../layer-index/entry.ts";

/** What several hard links share. */
export interface InodeNode {
  metadata: EntryMetadata;
  readonly what:
    | {
        readonly kind: "file";
        readonly sizeBytes: number;
        digest: Digest | undefined;
        readonly content: ContentSource;
      }
    | { readonly kind: "char" | "block"; readonly major: number; readonly minor: number }
    | { readonly kind: "fifo" };
}

/** What can have several names. */
export type InodeEntry = Exclude<Entry, { kind: "dir" | "symlink" | "hardlink" | "whiteout" }>;

/** One name in a tree that is being made. */
export type TreeNode =
  | { readonly kind: "inode"; readonly inode: InodeNode }
  | { readonly kind: "symlink"; readonly metadata: EntryMetadata; readonly target: string }
  | { readonly kind: "whiteout" }
  | DirNode;

export interface DirNode {
  readonly kind: "dir";
  metadata: EntryMetadata;
  /** Hides what lower layers have in it. */
  opaque: boolean;
  /** False for a folder that is there for the sake of what is in it: without that it is left out of the index. */
  own: boolean;
  /** True for a folder that an archive has no entry for, only entries in it: where there is one, that keeps what it is. */
  implied?: boolean;
  readonly children: Map<string, TreeNode>;
}

export function dirNode(metadata: EntryMetadata, options: { own: boolean; opaque?: boolean }): DirNode {
  return { kind: "dir", metadata, opaque: options.opaque ?? false, own: options.own, children: new Map() };
}

/** The index of a tree; the root has an entry only when it is `own` or opaque. */
export function indexOfTree(root: DirNode): LayerIndex {
  const entries: Entry[] = [];
  const firstNames = new Map<InodeNode, BytePath>();
  if (root.own || root.opaque) entries.push(dirEntry("" as BytePath, root));
  // An explicit stack: archives may nest deeper than the call stack is.
  const stack: {
    readonly prefix: string;
    readonly names: string[];
    readonly dir: DirNode;
    readonly first: number;
    next: number;
  }[] = [];
  const enter = (prefix: string, dir: DirNode) =>
    stack.push({ prefix, names: [...dir.children.keys()].sort(), dir, first: entries.length, next: 0 });
  enter("", root);
  while (stack.length > 0) {
    const frame = stack.at(-1)!;
    const name = frame.names[frame.next++];
    if (name === undefined) {
      stack.pop();
      // Nothing in it, and nothing to say of its own.
      if (frame.prefix !== "" && !frame.dir.own && !frame.dir.opaque && entries.length === frame.first)
        entries.pop();
      continue;
    }
    const node = frame.dir.children.get(name)!;
    const path = (frame.prefix + name) as BytePath;
    if (node.kind === "inode") {
      const first = firstNames.get(node.inode);
      if (first === undefined) firstNames.set(node.inode, path);
      entries.push(
        first === undefined ? inodeEntry(path, node.inode) : { kind: "hardlink", path, target: first },
      );
    } else if (node.kind === "dir") {
      entries.push(dirEntry(path, node));
      enter(`${path}/`, node);
    } else if (node.kind === "symlink") {
      entries.push({ kind: "symlink", path, ...node.metadata, target: node.target });
    } else {
      entries.push({ kind: "whiteout", path });
    }
  }
  return { entries };
}

function dirEntry(path: BytePath, node: DirNode): Entry {
  return {
    kind: "dir",
    path,
    ...node.metadata,
    ...(node.opaque ? { opaque: true } : {}),
    ...(node.implied === true && !node.opaque ? { implied: true } : {}),
  };
}

/** An entry of an inode that has no other name. */
export function inodeEntry(path: BytePath, { metadata, what }: InodeNode): InodeEntry {
  switch (what.kind) {
    case "file":
      return {
        kind: "file",
        path,
        ...metadata,
        sizeBytes: what.sizeBytes,
        digest: what.digest,
        content: what.content,
      };
    case "fifo":
      return { kind: "fifo", path, ...metadata };
    default:
      return { kind: what.kind, path, ...metadata, major: what.major, minor: what.minor };
  }
}
