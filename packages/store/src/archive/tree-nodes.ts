import type { Digest } from "@slipway/oci";
import type { BytePath } from "../layer-index/byte-path.ts";
import type { Entry, EntryMetadata, LayerIndex } from "../layer-index/entry.ts";

/** What several hard links share. */
export interface InodeNode {
  readonly metadata: EntryMetadata;
  readonly what:
    | { readonly kind: "file"; readonly sizeBytes: number; digest: Digest | undefined }
    | { readonly kind: "char" | "block"; readonly major: number; readonly minor: number }
    | { readonly kind: "fifo" };
}

/** One name in a tree that is being made. */
export type TreeNode =
  | { readonly kind: "inode"; readonly inode: InodeNode }
  | { readonly kind: "symlink"; readonly metadata: EntryMetadata; readonly target: string }
  | { readonly kind: "whiteout" }
  | DirNode;

export interface DirNode {
  readonly kind: "dir";
  metadata: EntryMetadata;
  opaque: boolean;
  readonly children: Map<string, TreeNode>;
}

export function dirNode(metadata: EntryMetadata): DirNode {
  return { kind: "dir", metadata, opaque: false, children: new Map() };
}

/** The index of a tree; the root has an entry of its own only when `withRoot`. */
export function indexOfTree(root: DirNode, withRoot: boolean): LayerIndex {
  const entries: Entry[] = [];
  const firstNames = new Map<InodeNode, BytePath>();
  if (withRoot || root.opaque) entries.push({ kind: "dir", path: "" as BytePath, ...root.metadata, ...(root.opaque ? { opaque: true } : {}) });
  // An explicit stack: archives may nest deeper than the call stack is.
  const stack: { readonly prefix: string; readonly names: string[]; readonly dir: DirNode; next: number }[] = [];
  const enter = (prefix: string, dir: DirNode) => stack.push({ prefix, names: [...dir.children.keys()].sort(), dir, next: 0 });
  enter("", root);
  while (stack.length > 0) {
    const frame = stack.at(-1)!;
    const name = frame.names[frame.next++];
    if (name === undefined) {
      stack.pop();
      continue;
    }
    const node = frame.dir.children.get(name)!;
    const path = (frame.prefix + name) as BytePath;
    if (node.kind === "inode") {
      const first = firstNames.get(node.inode);
      if (first === undefined) firstNames.set(node.inode, path);
      entries.push(first === undefined ? inodeEntry(path, node.inode) : { kind: "hardlink", path, target: first });
    } else if (node.kind === "dir") {
      entries.push({ kind: "dir", path, ...node.metadata, ...(node.opaque ? { opaque: true } : {}) });
      enter(`${path}/`, node);
    } else if (node.kind === "symlink") {
      entries.push({ kind: "symlink", path, ...node.metadata, target: node.target });
    } else {
      entries.push({ kind: "whiteout", path });
    }
  }
  return { entries };
}

function inodeEntry(path: BytePath, { metadata, what }: InodeNode): Entry {
  switch (what.kind) {
    case "file":
      return { kind: "file", path, ...metadata, sizeBytes: what.sizeBytes, digest: what.digest, content: { kind: "tree" } };
    case "fifo":
      return { kind: "fifo", path, ...metadata };
    default:
      return { kind: what.kind, path, ...metadata, major: what.major, minor: what.minor };
  }
}
