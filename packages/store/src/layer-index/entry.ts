import type { Digest } from "@slipway/oci";
import type { LayerId } from "@slipway/engine-sdk";
import type { BytePath } from "./byte-path.ts";

/** What tells that a file is still the one that was hashed. */
export interface FileIdentity {
  readonly dev: bigint;
  readonly ino: bigint;
  readonly sizeBytes: number;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
}

/** Where the bytes of a file are. */
export type ContentSource =
  /** In this layer's own tree, at the entry's path. */
  | { readonly kind: "tree" }
  /** In the tree of another layer of the store. */
  | { readonly kind: "layer"; readonly layer: LayerId; readonly path: BytePath }
  /** On the host, outside the store: a file of the context. Whoever reads it checks `identity` before and after. */
  | {
      readonly kind: "host";
      /** Absolute, in bytes. */ readonly path: string;
      readonly identity: FileIdentity;
      /** The scanned folder that it is from, absolute, in bytes: digests are remembered by folder. */ readonly context?: string;
    }
  | { readonly kind: "bytes"; readonly data: Uint8Array };

interface EntryBase {
  readonly path: BytePath;
}

/** What every entry but a whiteout has. */
export interface EntryMetadata {
  /** Permission bits with setuid, setgid and sticky: 0 to 0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtimeNs: bigint;
  /** Names and values in bytes; sorted by name; absent when there are none. Overlayfs's own are not among them. */
  readonly xattrs?: ReadonlyMap<string, Uint8Array>;
}

export interface FileEntry extends EntryBase, EntryMetadata {
  readonly kind: "file";
  readonly sizeBytes: number;
  /** SHA-256 of the content; absent until somebody asked. */
  readonly digest?: Digest;
  readonly content: ContentSource;
}

export interface DirEntry extends EntryBase, EntryMetadata {
  readonly kind: "dir";
  /** True when entries of lower layers below it are hidden. */
  readonly opaque?: boolean;
  /**
   * True when the layer only has entries in it: what a lower layer says of the folder stays true, and the metadata here
   * counts where none does. Never with `opaque`.
   */
  readonly implied?: boolean;
}

export interface SymlinkEntry extends EntryBase, EntryMetadata {
  readonly kind: "symlink";
  /** In bytes, as written. */
  readonly target: string;
}

/** A further name of a file of the same layer; its metadata and content are those of `target`. */
export interface HardlinkEntry extends EntryBase {
  readonly kind: "hardlink";
  /** The first name in sorted order; a `file` entry (or a device or fifo). */
  readonly target: BytePath;
}

export interface DeviceEntry extends EntryBase, EntryMetadata {
  readonly kind: "char" | "block";
  readonly major: number;
  readonly minor: number;
}

export interface FifoEntry extends EntryBase, EntryMetadata {
  readonly kind: "fifo";
}

/** Hides what lower layers have at its path. */
export interface WhiteoutEntry extends EntryBase {
  readonly kind: "whiteout";
}

export type Entry =
  FileEntry | DirEntry | SymlinkEntry | HardlinkEntry | DeviceEntry | FifoEntry | WhiteoutEntry;

/**
 * One layer as data. `entries` are sorted bytewise by path *components* (so that a folder is followed directly by what is in it:
 * `a`, `a/b`, `a.b`), each path once, every parent present as a `dir` entry before its children (the root itself, "",
 * only when the layer sets its metadata). Immutable.
 */
export interface LayerIndex {
  readonly entries: readonly Entry[];
}

/** Orders paths by components: `/` sorts below every other byte. */
export function comparePaths(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    if (x === 0x2f) return -1;
    if (y === 0x2f) return 1;
    return x - y;
  }
  return a.length - b.length;
}
