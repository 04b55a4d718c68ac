import { type Digest, sha256 } from "@slipway/oci";
import { requiredCaps } from "./capabilities.ts";
import { writeOp } from "./llb/encode-op.ts";
import { WireWriter } from "./llb/wire-writer.ts";
import type { Constraints, Op } from "./op.ts";
import type { Edge, Vertex, VertexMetadata } from "./vertex.ts";

/** What a vertex is made of; nothing here is checked against the rest (see `validate`). */
export interface VertexInit {
  readonly op: Op;
  /** Default: none. */
  readonly inputs?: readonly Edge[];
  /** Default: no platform, no filter. */
  readonly constraints?: Constraints;
  /** Filled up with `emptyMetadata`, and `caps` with what the op needs (`requiredCaps`). */
  readonly metadata?: Partial<VertexMetadata>;
}

/** Metadata that says nothing. */
export function emptyMetadata(): VertexMetadata {
  return { ignoreCache: false, description: {}, caps: [] };
}

/**
 * Makes a vertex and computes its digest.
 * @throws InputError `LLB_NOT_UTF8`, `LLB_NOT_ENCODABLE` when a value does not fit its field on the wire
 */
export function createVertex({
  op,
  inputs = [],
  constraints = { filter: [] },
  metadata,
}: VertexInit): Vertex {
  return {
    digest: vertexDigest(op, inputs, constraints),
    op,
    inputs,
    constraints,
    metadata: { ...emptyMetadata(), caps: requiredCaps(op), ...metadata },
  };
}

/** The canonical LLB bytes of a vertex: equal steps over equal inputs have equal bytes. */
export function canonicalOpBytes(op: Op, inputs: readonly Edge[], constraints: Constraints): Uint8Array {
  const writer = new WireWriter();
  writeOp(writer, op, {
    inputs: inputs.map((edge) => ({ digest: edge.vertex.digest, index: edge.index })),
    constraints,
  });
  return writer.finish();
}

/** SHA-256 of the canonical LLB bytes. */
export function vertexDigest(op: Op, inputs: readonly Edge[], constraints: Constraints): Digest {
  return sha256(canonicalOpBytes(op, inputs, constraints));
}
