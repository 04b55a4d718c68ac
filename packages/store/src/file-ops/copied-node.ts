import { unreachable } from "@slipway/oci";
import type { InodeNode, TreeNode } from "../archive/tree-nodes.ts";
import type { Lookup } from "../contracts.ts";
import type { BytePath } from "../layer-index/byte-path.ts";
import type { ContentSource, EntryMetadata } from "../layer-index/entry.ts";

/** How copies differ from their sources. */
export interface CopyStyle {
  /** Metadata of a copy. */
  copied(metadata: EntryMetadata, kind: "dir" | "symlink" | "other"): EntryMetadata;
  /** Metadata of folders above the destination that are missing. */
  readonly missingParent: EntryMetadata;
}

/** A node for the copy of anything but a folder; names of one file stay names of one file. */
export function copyOf(
  lookup: Lookup,
  style: Pick<CopyStyle, "copied">,
  inodes: Map<object, InodeNode>,
): TreeNode {
  const { entry } = lookup;
  if (entry.kind === "symlink")
    return { kind: "symlink", metadata: style.copied(entry, "symlink"), target: entry.target };
  const original = lookup.linked ?? entry;
  switch (original.kind) {
    case "file": {
      let inode = inodes.get(original);
      if (inode === undefined) {
        const { sizeBytes, digest } = original;
        const what = {
          kind: "file" as const,
          sizeBytes,
          digest,
          content: contentOf(original.content, lookup, original.path),
        };
        inode = { metadata: style.copied(original, "other"), what };
        inodes.set(original, inode);
      }
      return { kind: "inode", inode };
    }
    case "char":
    case "block": {
      const { kind, major, minor } = original;
      return {
        kind: "inode",
        inode: { metadata: style.copied(original, "other"), what: { kind, major, minor } },
      };
    }
    case "fifo":
      return { kind: "inode", inode: { metadata: style.copied(original, "other"), what: { kind: "fifo" } } };
    case "dir":
    case "hardlink":
      return unreachable(original as never, "entry to copy");
    default:
      return unreachable(original, "entry to copy");
  }
}

function contentOf(content: ContentSource, lookup: Lookup, path: BytePath): ContentSource {
  return content.kind === "tree" ? { kind: "layer", layer: lookup.layer, path } : content;
}
