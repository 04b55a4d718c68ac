import type { Digest } from "@slipway/oci";
import type { Constraints, Op, OutputIndex } from "./op.ts";

/** An output of a vertex: a filesystem. */
export interface Edge {
  readonly vertex: Vertex;
  readonly index: OutputIndex;
}

/**
 * One step. Immutable. `digest` is the SHA-256 of its canonical LLB bytes, which hold the op, the platform, the
 * filter, and the digests and output indexes of the inputs, but not the metadata.
 */
export interface Vertex {
  readonly digest: Digest;
  readonly op: Op;
  readonly inputs: readonly Edge[];
  readonly constraints: Constraints;
  readonly metadata: VertexMetadata;
}

export interface ProgressGroup {
  readonly id: string;
  readonly name: string;
  readonly weak: boolean;
}

/** What is said about a vertex beside its op; in no digest. */
export interface VertexMetadata {
  readonly ignoreCache: boolean;
  /** `llb.customname` is the name that progress shows. */
  readonly description: Readonly<Record<string, string>>;
  readonly exportCache?: boolean;
  /** LLB capabilities that the vertex needs. */
  readonly caps: readonly string[];
  readonly progressGroup?: ProgressGroup;
}

/** Line and character count from 1 and 0 in LLB; here both are kept as written on the wire. */
export interface Position {
  readonly line: number;
  readonly character: number;
}

export interface Range {
  readonly start: Position;
  readonly end: Position;
}

export interface SourceInfo {
  readonly filename: string;
  readonly data: Uint8Array;
  readonly language: string;
}

/** Which parts of which files a vertex was written in. `source` indexes the definition's `sources`. */
export interface VertexLocation {
  readonly source: number;
  readonly ranges: readonly Range[];
  /** What brought the source into another one. LLB has no place for it: it is lost on the wire. */
  readonly includedFrom?: VertexLocation;
}

/** A graph with one result. */
export interface Definition {
  /** Null for an empty filesystem. */
  readonly result: Edge | null;
  readonly sources: readonly SourceInfo[];
  readonly locations: ReadonlyMap<Digest, readonly VertexLocation[]>;
}
