import type { Descriptor, Digest, DiffId, LayerCompression } from "@slipway/oci";
import type { LayerId, Ref, SandboxRoot, VertexResult } from "@slipway/engine-sdk";
import type { ScanFolderOptions } from "./context/scan-folder.ts";
import type { BytePath } from "./layer-index/byte-path.ts";
import type { Entry, LayerIndex } from "./layer-index/entry.ts";

// What the store offers. One file so that a reader sees the whole of it; implementations are in the folders.

/** A blob on its way in. Becomes visible, all at once and durably, at `commit`. */
export interface BlobWriter {
  write(chunk: Uint8Array): Promise<void>;
  /** @throws WorldError `BLOB_DIGEST_MISMATCH` when `expected` is given and not met; nothing is kept then. */
  commit(expected?: Digest): Promise<{ readonly digest: Digest; readonly sizeBytes: number }>;
  /** Drops what was written; does nothing after `commit`. */
  abort(): Promise<void>;
}

/** Content by digest. */
export interface BlobStore {
  has(digest: Digest): boolean;
  /** Absolute path of a blob that is there; the file must not be changed. @throws WorldError `BLOB_NOT_FOUND` */
  path(digest: Digest): string;
  create(): Promise<BlobWriter>;
}

/** A layer that somebody else made, not fetched until its bytes are needed. */
export interface RemoteLayer {
  readonly descriptor: Descriptor;
  readonly diffId: DiffId;
  /** RFC 3339. */
  readonly created?: string;
  /** `registry/repository` that has the blob. */
  readonly origin: string;
  /** Compressed bytes, as the descriptor has them; the store verifies size and digest. */
  fetch(signal: AbortSignal): AsyncIterable<Uint8Array>;
}

export interface LayerBlobInfo {
  readonly descriptor: Descriptor;
  readonly diffId: DiffId;
  readonly created: string;
  readonly origins: readonly string[];
  /** Path of the blob when it is in the store; absent when only the registry named in `origins` has it. */
  readonly path?: string;
}

export interface LayerBlobRequest {
  readonly compression: LayerCompression;
  readonly compressionLevel?: number;
  readonly force: boolean;
  readonly rewriteTimestampSeconds?: number;
  readonly signal: AbortSignal;
  /** Bytes of the uncompressed tar that are done, and all of them. */
  onProgress?(doneBytes: number, totalBytes: number): void;
}

/** Layers in their three forms; each form is made from another on demand, once, and remembered. */
export interface LayerStore {
  /** Registers a pulled layer under all that its image says of it (diff ID, blob and kind of blob); nothing is fetched. */
  addRemote(layer: RemoteLayer): LayerId;
  /**
   * Registers a layer that exists as an index only. The id follows from the index's canonical bytes, so the same
   * index gives the same layer. Content digests that are missing are computed.
   */
  addIndex(index: LayerIndex, signal: AbortSignal): Promise<LayerId>;
  /**
   * Makes a folder of `temporaryFolder()` a durable layer. The folder is moved (also on failure) and must not be used
   * afterwards; owners, modes and times are those of its files. The id follows from the content, as with `addIndex`.
   * `digests` spares hashing what is known.
   */
  addFolder(
    folder: string,
    options: { readonly signal: AbortSignal; readonly digests?: ReadonlyMap<BytePath, Digest> },
  ): Promise<LayerId>;
  /**
   * Registers an index that holds for this process only (a folder of the context): nothing is hashed or written, and
   * the id is new each time.
   */
  addVolatile(index: LayerIndex): LayerId;
  /** The index; pulls and unpacks a remote layer. */
  index(id: LayerId, signal: AbortSignal): Promise<LayerIndex>;
  /** Absolute path of a folder in overlayfs form that must not be changed; made when it is not there. */
  tree(id: LayerId, signal: AbortSignal): Promise<string>;
  /** Descriptor of the blob; makes it when there is none. A remote layer's own blob is named without fetching it. */
  blob(id: LayerId, request: LayerBlobRequest): Promise<LayerBlobInfo>;
  /** Makes sure that the blob's bytes are in the store, fetching a remote layer; gives its path. */
  fetchBlob(id: LayerId, digest: Digest, signal: AbortSignal): Promise<string>;
  /**
   * Unpacks a file of a view that is an archive (told by its content) into a layer; null when it is none.
   * @throws InputError `ARCHIVE_…`
   */
  unpackArchive(file: Lookup, view: MergedView, signal: AbortSignal): Promise<LayerId | null>;
  /** True when the layer is there after this process has ended and the context has changed. */
  isDurable(id: LayerId): boolean;
  /** True for layers of `addVolatile`: their ids stand for nothing after this process, so that no key may hold them. */
  isVolatile(id: LayerId): boolean;
  /**
   * Called when a build has ended: files of the host may be anything from now on, so layers that have another home for
   * their content no longer look there.
   */
  forgetHost(): void;
  /** RFC 3339; when the layer was first made. */
  created(id: LayerId): string;
}

export interface Lookup {
  readonly entry: Exclude<Entry, { kind: "whiteout" }>;
  /** The layer that the entry is from. */
  readonly layer: LayerId;
  /**
   * For a hardlink: the entry of the same layer that it is a further name of, which has the metadata and the content.
   * (A look-up of its path may give something else, when a higher layer replaced that name.)
   */
  readonly linked?: Exclude<Entry, { kind: "whiteout" | "hardlink" | "dir" | "symlink" }>;
}

/** The layers of a ref seen as one filesystem. Look-ups never leave the root. */
export interface MergedView {
  readonly ref: Ref;
  /** The entry at exactly this path, no symlink followed; undefined when there is none. "" is always a dir. */
  lstat(path: BytePath): Lookup | undefined;
  /**
   * Follows symlinks in every component (and in the last one unless told not to), `..` and absolute targets staying
   * in the root. Gives the path it came to, whether or not something is there; components that are missing are
   * taken as they are written. `path` is bytes; leading, doubled and trailing slashes and `.` do not count.
   * @throws InputError `SYMLINK_LOOP` after 255 links, `NOT_A_DIRECTORY`.
   */
  resolve(
    path: string,
    options?: { followLast?: boolean },
  ): { readonly path: BytePath; readonly found: Lookup | undefined };
  /** Entries of a folder, sorted, whiteouts applied; undefined when it is no folder. */
  list(path: BytePath): readonly Lookup[] | undefined;
  /** All entries below and including `path`, parents first, in the order of an index. */
  walk(path: BytePath): Iterable<Lookup>;
  /** Content of a file; hard links are followed. `maxBytes` guards memory. @throws InputError `FILE_NOT_FOUND`, `FILE_TOO_LARGE` */
  readFile(path: string, options?: { offset?: number; length?: number; maxBytes?: number }): Promise<Buffer>;
  /** SHA-256 of the content of a file entry, computed once and remembered. */
  digest(lookup: Lookup): Promise<Digest>;
  /** The same for many file entries, in their order; long work is done beside the event loop. */
  digests(lookups: readonly Lookup[], signal: AbortSignal): Promise<readonly Digest[]>;
  /**
   * Makes sure that `open` works for a file entry: the content of a layer that is there as a blob only (a cached COPY
   * whose image was exported) is unpacked. Returns at once in every other case.
   */
  ensureContent(lookup: Lookup, signal: AbortSignal): Promise<void>;
  /**
   * Opens a file entry for reading; the caller closes the descriptor. Checks the identity of host files.
   * @throws WorldError `CONTENT_NOT_LOCAL` when `ensureContent` is needed first.
   */
  open(lookup: Lookup): { readonly fd: number; readonly sizeBytes: number } | { readonly data: Uint8Array };
}

/** A ref that a process may write to. Exactly one of `commit` and `discard` ends it; a crash discards it. */
export interface WritableRoot {
  readonly root: Extract<SandboxRoot, { kind: "overlay" }>;
  /** Scans the changes and makes them a durable layer; null when nothing changed. */
  commit(signal: AbortSignal): Promise<LayerId | null>;
  discard(): Promise<void>;
}

/** Absolute paths (resolved within the root) that a process needs as mount points. */
export interface MountPoint {
  readonly path: string;
  readonly kind: "dir" | "file";
}

export interface RootStore {
  view(ref: Ref, signal: AbortSignal): Promise<MergedView>;
  /**
   * Prepares an overlay over the ref. Mount points that the ref lacks are offered from a lowerdir of their own, so that they
   * never are a change. It is the topmost one: a whiteout or an opaque folder of the ref would hide a lower one.
   */
  writable(
    ref: Ref,
    options: { mountPoints: readonly MountPoint[]; signal: AbortSignal },
  ): Promise<WritableRoot>;
  /** Lowerdirs, topmost first, for a read-only mount; at least one. */
  readonlyLowerdirs(ref: Ref, signal: AbortSignal): Promise<readonly string[]>;
}

/** Recorded results by key; shared by all processes that use the store. */
export interface CacheIndex {
  /** Null unless every layer of the result is still there. */
  lookup(key: Digest): VertexResult | null;
  /** Does nothing when a layer is not durable. */
  record(keys: readonly Digest[], result: VertexResult, meta: { readonly description: string }): void;
}

/** The folder behind a `RUN --mount=type=cache`; held until released, and released by the kernel if the process dies. */
export interface CacheMountLease {
  /** Absolute path. */
  readonly path: string;
  release(): Promise<void>;
}

export interface CacheMounts {
  acquire(
    request: {
      readonly id: string;
      /** The part of Slipway that it is for; absent for steps, which can name no folder that has an owner. */
      readonly owner?: string;
      readonly sharing: "shared" | "private" | "locked";
      /** What a new folder starts with; EMPTY_REF for nothing. */
      readonly base: Ref;
      /**
       * The folder of `base` that the lease's path is, without leading slash or symlinks; default is its root. Each has
       * a cache of its own, so that no user of one can change the folders above it.
       */
      readonly subpath?: string;
    },
    signal: AbortSignal,
  ): Promise<CacheMountLease>;
}

export interface UsageRecord {
  readonly id: string;
  readonly kind: "layer" | "blob" | "cache-mount" | "other";
  readonly description: string;
  readonly sizeBytes: number;
  readonly createdMs: number;
  readonly lastUsedMs: number;
  readonly usageCount: number;
  readonly inUse: boolean;
  readonly shared: boolean;
  /** False when something else needs it, or a running build holds it. */
  readonly reclaimable: boolean;
}

export interface PruneOptions {
  /** Everything that no running build holds; else only what no cached result needs. */
  readonly all: boolean;
  /** Only what was not used for this long. */
  readonly olderThanMs?: number;
  /** Keep the most recently used up to this many bytes. */
  readonly keepBytes?: number;
  readonly signal: AbortSignal;
}

/**
 * Small things that can be derived again at any time: what a frontend makes of a file's bytes. Owners do not see each
 * other's; what is old or too much is forgotten.
 */
export interface DerivedMemory {
  get(owner: string, key: Digest): Uint8Array | undefined;
  /** Does nothing with values above 1 MiB. */
  put(owner: string, key: Digest, value: Uint8Array): void;
}

export interface Store {
  /** Absolute. */
  readonly root: string;
  readonly blobs: BlobStore;
  readonly layers: LayerStore;
  readonly roots: RootStore;
  readonly cache: CacheIndex;
  readonly cacheMounts: CacheMounts;
  readonly memory: DerivedMemory;
  /** A host folder as an index for `layers.addVolatile`; `folder` is absolute, in bytes. See `scanFolder`. */
  scanFolder(folder: string, options: ScanFolderOptions): Promise<LayerIndex>;
  usage(): readonly UsageRecord[];
  /** What was removed, in order. */
  prune(options: PruneOptions): AsyncIterable<UsageRecord>;
  /** A new empty folder for short-lived files; removed at `close`, and by the next open after a crash. */
  temporaryFolder(): string;
  /** With `exiting`, what the end of the process does anyway is left to it: it must follow. */
  close(options?: { readonly exiting?: boolean }): Promise<void>;
}
