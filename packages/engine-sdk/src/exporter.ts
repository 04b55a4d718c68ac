import type { Readable } from "node:stream";
import type { Descriptor, DiffId, ImageConfig, LayerCompression, Platform } from "@slipway/oci";
import type { ProgressSink } from "./progress.ts";

/** A layer as a blob that an image can name. */
export interface LayerBlob {
  readonly descriptor: Descriptor;
  readonly diffId: DiffId;
  /** When the layer was first made, RFC 3339; what histories say. */
  readonly created: string;
  /** A new stream over the blob's bytes each time. */
  open(): Readable;
  /** Path of a file that holds exactly the blob's bytes, for those who can use one; must not be changed. */
  readonly path?: string;
  /** Names (`registry/repository`) that are known to hold this blob already, for cross-repository mounts. */
  readonly origins: readonly string[];
}

/** An entry of a merged filesystem. */
export interface FileEntry {
  /** Bytes, one per UTF-16 unit (latin1), relative, without leading slash; parents come before children. */
  readonly path: string;
  readonly kind: "file" | "dir" | "symlink" | "hardlink" | "char" | "block" | "fifo";
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly sizeBytes: number;
  readonly mtimeNs: bigint;
  /** Of symlinks, as written; of hard links, the path of the first name. Bytes as in `path`. */
  readonly linkname?: string;
  readonly major?: number;
  readonly minor?: number;
  /** Names and values as bytes in latin1. */
  readonly xattrs: ReadonlyMap<string, Uint8Array>;
  /** Of files. */
  open?(): Readable;
}

export interface LayerBlobOptions {
  readonly compression: LayerCompression;
  readonly compressionLevel?: number;
  /** Recompress layers that exist in another compression. */
  readonly force: boolean;
  /** Docker's media types instead of OCI's. */
  readonly dockerMediaTypes: boolean;
  /** Clamp mtimes in layers that this build made to this many seconds since the epoch. */
  readonly rewriteTimestampSeconds?: number;
}

/** A solved filesystem as exporters see it. */
export interface ExportRef {
  /** Blobs of all layers, base first; made when they do not exist yet. */
  blobs(options: LayerBlobOptions): Promise<readonly LayerBlob[]>;
  /** The merged tree, sorted bytewise by path with parents first; whiteouts applied. */
  files(): AsyncIterable<FileEntry>;
}

/** One platform's result of a build. */
export interface ExportResult {
  readonly platform: Platform;
  readonly ref: ExportRef;
  /** Without `rootfs`; see FrontendOutput.config. */
  readonly config?: ImageConfig;
}

export interface ExportContext {
  /** In the order of the requested platforms; at least one. */
  readonly results: readonly ExportResult[];
  /** True when the artifact has the form for several platforms even though it is for one. */
  readonly multiPlatform?: boolean;
  readonly signal: AbortSignal;
  readonly progress: ProgressSink;
  /** SOURCE_DATE_EPOCH in seconds, when the build has one. */
  readonly sourceDateEpochSeconds?: number;
  /** Where `dest=-` goes. */
  readonly stdout: NodeJS.WritableStream;
  /** Resolves relative `dest` paths. */
  readonly cwd: string;
}

/**
 * What the build answers, under BuildKit's keys: `containerimage.digest`, `containerimage.config.digest`,
 * `containerimage.descriptor` (an object here), `image.name`, …
 */
export type ExporterResponse = Readonly<Record<string, unknown>>;

export interface PreparedExport {
  /** Blobs are wanted in this form, so that the engine can make them while the build still runs; absent for file trees. */
  readonly wantsBlobs?: LayerBlobOptions;
  /** Produces the artifact. A failed or aborted write leaves no half-written destination behind. */
  write(context: ExportContext): Promise<ExporterResponse>;
}

/**
 * Checks the options of an exporter and turns them into values. Any zod schema over strings is one; those of the
 * exporters that come with Slipway are not, since loading zod takes longer than a cached build.
 */
export interface OptionsSchema<Options> {
  safeParse(
    raw: unknown,
  ):
    | { readonly success: true; readonly data: Options }
    | { readonly success: false; readonly error: OptionsError };
}

/** What is wrong with options, the most important first; a ZodError is one. */
export interface OptionsError {
  readonly issues: readonly {
    /** The option's name, or nothing when it is about all of them. */
    readonly path: readonly PropertyKey[];
    readonly message: string;
  }[];
}

/**
 * Turns a solved filesystem into an artifact.
 * Life cycle: prepare (checks options, no I/O) → write (once).
 */
export interface Exporter<Options = unknown> {
  /** What `--output type=` selects it by. */
  readonly name: string;
  /** Options as the command line gives them: all strings; the schema turns them into values. */
  readonly options: OptionsSchema<Options>;
  prepare(options: Options): PreparedExport;
}

export function defineExporter<Options>(exporter: Exporter<Options>): Exporter<Options> {
  return Object.freeze({ ...exporter });
}
