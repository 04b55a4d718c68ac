import type { Digest, DiffId, LayerCompression } from "@slipway/oci";
import type { FileEntry, FileIdentity, LayerIndex } from "../layer-index/entry.ts";

// What the layer store asks of the archive code: layers out to blobs and blobs in to trees.

/** Where the packer finds the bytes of a file. A file with `identity` is checked before and after it is read. */
export type ResolvedContent =
  | { readonly kind: "file"; /** What `fs` takes. */ readonly path: string | Buffer; readonly identity?: FileIdentity }
  | { readonly kind: "bytes"; readonly data: Uint8Array };

export interface PackLayerRequest {
  readonly index: LayerIndex;
  resolveContent(entry: FileEntry): ResolvedContent;
  readonly compression: LayerCompression;
  readonly compressionLevel?: number;
  /** Mtimes later than this many seconds since the epoch become it. */
  readonly rewriteTimestampSeconds?: number;
  /** Takes the blob's bytes in order; the chunk is the callee's to keep. */
  readonly sink: (chunk: Buffer) => Promise<void> | void;
  readonly signal: AbortSignal;
  /** Bytes of the uncompressed tar. */
  onProgress?(doneBytes: number, totalBytes: number): void;
}

export interface PackedLayer {
  readonly diffId: DiffId;
  readonly uncompressedBytes: number;
  /** Of the bytes given to `sink`. */
  readonly digest: Digest;
  readonly sizeBytes: number;
}

export interface UnpackLayerRequest {
  /** Path of the blob, or its bytes in order. Whoever calls has verified the blob's own digest, or does at the end. */
  readonly source: string | AsyncIterable<Uint8Array>;
  readonly compression: LayerCompression;
  /** @throws WorldError `LAYER_DIFF_ID_MISMATCH` by the unpacker when the uncompressed bytes do not hash to it. */
  readonly diffId: DiffId;
  /** An empty folder that becomes the layer's tree in overlayfs form; removed by the caller when unpacking fails. */
  readonly treeDir: string;
  readonly signal: AbortSignal;
  onProgress?(doneBytes: number): void;
}

export interface UnpackedLayer {
  /** Contents are `{ kind: "tree" }`, with digests. */
  readonly index: LayerIndex;
  readonly diffId: DiffId;
}

export type PackLayer = (request: PackLayerRequest) => Promise<PackedLayer>;
export type UnpackLayer = (request: UnpackLayerRequest) => Promise<UnpackedLayer>;
