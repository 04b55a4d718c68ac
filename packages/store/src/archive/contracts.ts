import type { Digest, DiffId, LayerCompression } from "@slipway/oci";
import type { Entry, FileEntry, FileIdentity, LayerIndex } from "../layer-index/entry.ts";

// What the archive code offers the rest of the store: a layer's index to its blob, and back.

/** Where the bytes of a file entry are, as the packer can read them. */
export type PackContent =
  | {
      readonly kind: "file";
      /** Absolute, in bytes. */
      readonly path: string;
      /** Checked after reading (files of the context); absent for files that nobody else changes. */
      readonly identity?: FileIdentity;
    }
  | { readonly kind: "bytes"; readonly data: Uint8Array };

export interface PackRequest {
  readonly index: LayerIndex;
  /** Called once for each file entry that is not empty, in order. */
  resolveContent(entry: FileEntry): PackContent;
  readonly compression: LayerCompression;
  /** gzip 0 to 9, zstd 1 to 22; default `DEFAULT_GZIP_LEVEL`, `DEFAULT_ZSTD_LEVEL`. */
  readonly compressionLevel?: number;
  /** Modification times later than this become this. */
  readonly rewriteTimestampSeconds?: number;
  /** False when whoever takes the blob hashes it anyway; `digest` of the result is absent then. Default: true. */
  readonly hashBlob?: boolean;
  /** Takes the blob in order. A chunk may be overwritten once the sink's promise has settled. */
  sink(chunk: Buffer): Promise<void> | void;
  readonly signal: AbortSignal;
  /** Bytes of the uncompressed tar that are done, and all of them. */
  onProgress?(doneBytes: number, totalBytes: number): void;
}

export interface PackResult {
  /** Digest of the uncompressed tar. */
  readonly diffId: DiffId;
  readonly uncompressedBytes: number;
  /** Digest of the bytes that the sink got. */
  readonly digest?: Digest;
  readonly sizeBytes: number;
}

export interface UnpackRequest {
  /** A file, or the blob's bytes as they arrive. */
  readonly source: { /** Absolute. */ readonly path: string } | AsyncIterable<Uint8Array>;
  readonly compression: LayerCompression;
  /** @see UnpackLayer */
  readonly expectedDiffId?: DiffId;
  /** Absolute path of an existing empty folder; after a failure the caller removes it with what is in it. */
  readonly treeDir: string;
  readonly signal: AbortSignal;
  /** Compressed bytes that are done. */
  onProgress?(doneBytes: number): void;
}

export interface UnpackResult {
  /** Every file with its digest; content is `{kind: "tree"}`. */
  readonly index: LayerIndex;
  readonly diffId: DiffId;
}

/**
 * Writes a layer's blob in one pass. The bytes depend on the index, the content, the compression and its level alone.
 * @throws InputError `CONTEXT_CHANGED` when a file is no longer what `identity` says
 */
export type PackLayer = (request: PackRequest) => Promise<PackResult>;

/**
 * Makes tree (overlayfs form) and index from a blob.
 * @throws InputError `ARCHIVE_…` for a damaged or hostile archive, WorldError `LAYER_DIFF_ID_MISMATCH` when the
 * tar is not the one that `expectedDiffId` names, WorldError `DISK_FULL`, `STORE_IO` and the like
 * when the file system refuses
 */
export type UnpackLayer = (request: UnpackRequest) => Promise<UnpackResult>;

/** An entry that has metadata of its own. */
export type MetadataEntry = Exclude<Entry, { kind: "whiteout" | "hardlink" }>;
