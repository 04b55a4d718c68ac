import type { Digest, ImageConfig, Platform } from "@slipway/oci";
import type { Definition, SourceOp } from "@slipway/ir";
import type { Diagnostic } from "./diagnostic.ts";

/** A solved (or still lazy) filesystem that the engine holds for a frontend; opaque. */
export interface BridgeRef {
  readonly id: string;
}

export interface ResolvedImage {
  /** The name as asked, completed, with the digest that it resolved to: `docker.io/library/busybox:latest@sha256:…`. */
  readonly ref: string;
  /** Digest of the manifest or index that the name points at. */
  readonly digest: Digest;
  readonly config: ImageConfig;
}

/**
 * What a source stands for at this moment. Within one build it stays so: what is solved afterwards is what was told here.
 * @see gateway protocol, ResolveSourceMeta
 */
export type SourceMeta =
  /** `docker-image://` and `oci-layout://` */
  | { readonly kind: "image"; readonly image: ResolvedImage }
  | {
      readonly kind: "git";
      /** Hash of the commit, or of the annotated tag that the ref is. */
      readonly checksum: string;
      /** The full name of the ref (`refs/heads/main`, `refs/tags/v1`); the commit's hash when it was asked for by that. */
      readonly ref: string;
      /** Hash of the commit when `checksum` is that of an annotated tag. */
      readonly commitChecksum?: string;
    }
  | {
      readonly kind: "http";
      /** Of the content; finding it out may download the content, which is then not done again. */
      readonly checksum: Digest;
      /** Name of the file, as the source will give it. */
      readonly filename: string;
      /** Milliseconds since the epoch; absent when the server does not say. */
      readonly lastModifiedMs?: number;
    };

export interface FileStat {
  /** Relative to the folder asked for, or the path asked for. */
  readonly path: string;
  readonly kind: "file" | "dir" | "symlink" | "other";
  readonly mode: number;
  readonly sizeBytes: number;
  readonly linkname?: string;
  /** When it was changed last, in milliseconds since the epoch; absent where the engine does not say. */
  readonly mtimeMs?: number;
}

/**
 * Remembers, from build to build, what a frontend derives from bytes alone, such as a parsed file. Anything may be
 * forgotten at any time; no other frontend sees it. Keys must change when what is derived does.
 */
export interface FrontendMemory {
  get(key: Digest): Promise<Uint8Array | undefined>;
  put(key: Digest, value: Uint8Array): Promise<void>;
}

/** What a frontend may ask of the engine. Nothing else of the machine is within its reach. */
export interface Bridge {
  /**
   * Config of an image, for one platform.
   * @throws WorldError when the registry cannot say, InputError `IMAGE_NOT_FOUND` when there is no such image.
   */
  resolveImageConfig(
    name: string,
    options: { platform: Platform; signal?: AbortSignal },
  ): Promise<ResolvedImage>;
  /**
   * What a source op stands for. Absent where the engine can't say; such a frontend solves the source instead.
   * @throws InputError `SOURCE_UNSUPPORTED` for sources that have nothing to tell (`local://`), `GIT_REF_NOT_FOUND`,
   * `GIT_CHECKSUM_MISMATCH`, `HTTP_NOT_FOUND`, `HTTP_CHECKSUM_MISMATCH`, `IMAGE_NOT_FOUND`; WorldError when the place can't be reached.
   */
  resolveSourceMeta?(
    op: SourceOp,
    options: { platform: Platform; signal?: AbortSignal },
  ): Promise<SourceMeta>;
  /** Gives a handle on the result of a definition. Lazy: nothing runs until something is read or the build returns it. */
  solve(definition: Definition, options?: { signal?: AbortSignal }): Promise<BridgeRef>;
  /** @throws InputError `FILE_NOT_FOUND`; symlinks are followed within the ref's root. */
  readFile(
    ref: BridgeRef,
    path: string,
    options?: { range?: { offset: number; length: number }; signal?: AbortSignal },
  ): Promise<Uint8Array>;
  /** Entries of a folder, sorted by name. @throws InputError `FILE_NOT_FOUND` */
  readDir(ref: BridgeRef, path: string, options?: { signal?: AbortSignal }): Promise<readonly FileStat[]>;
  /** @throws InputError `FILE_NOT_FOUND` */
  statFile(ref: BridgeRef, path: string, options?: { signal?: AbortSignal }): Promise<FileStat>;
  /** Absent where the engine has none. */
  readonly memory?: FrontendMemory;
  /** Tells the person something that does not stop the build. */
  warn(diagnostic: Diagnostic): void;
}
