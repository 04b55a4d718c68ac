import { type Digest, isDigest, sha256 } from "@slipway/oci";
import { createVertex } from "../create-vertex.ts";
import type { Definition, Edge, SourceInfo, Vertex, VertexLocation, VertexMetadata } from "../vertex.ts";
import { decodeMetadata, decodeSourceMap } from "./decode-metadata.ts";
import { decodeOp, type DecodedInput } from "./decode-op.ts";
import { DEFINITION } from "./fields.ts";
import { llbError, readFields, readMapEntry } from "./wire-reader.ts";

export interface DecodeOptions {
  /** Most bytes that are looked at. Default: 128 MiB. */
  readonly maxBytes?: number;
  /** Most ops, the closing one included. Default: 1,000,000. */
  readonly maxOps?: number;
}

const DEFAULT_MAX_BYTES = 128 * 1024 * 1024;
const DEFAULT_MAX_OPS = 1_000_000;

/**
 * Reads a `pb.Definition` that anybody may have written. Inputs are resolved by the digests of the bytes as given;
 * the vertices' own digests are those of the canonical bytes, which differ when the client wrote them otherwise.
 * Metadata and locations of digests that the definition does not hold are dropped, and so are fields beside the op
 * that are not known; an unknown kind of op, action or value is an error. What the ops mean is for `validate`.
 * @throws InputError with an `LlbErrorCode`
 */
export function decode(bytes: Uint8Array, options: DecodeOptions = {}): Definition {
  const { maxBytes = DEFAULT_MAX_BYTES, maxOps = DEFAULT_MAX_OPS } = options;
  if (bytes.length > maxBytes) {
    throw llbError(
      "LLB_TOO_LARGE",
      "definition",
      `${bytes.length} bytes are more than the ${maxBytes} allowed`,
    );
  }
  const ops: Uint8Array[] = [];
  const metadata = new Map<string, VertexMetadata>();
  const locations = new Map<string, readonly VertexLocation[]>();
  const sources: SourceInfo[] = [];
  readFields(bytes, "definition", (field) => {
    switch (field.number) {
      case DEFINITION.def:
        if (ops.length === maxOps)
          throw llbError("LLB_TOO_LARGE", "definition", `it has more than ${maxOps} ops`);
        ops.push(field.bytes());
        break;
      case DEFINITION.metadata: {
        let value: VertexMetadata | undefined;
        const digest = readMapEntry(field.bytes(), "definition metadata", (inner) => {
          value = decodeMetadata(inner.bytes());
        });
        if (value) metadata.set(digest, value);
        break;
      }
      case DEFINITION.source:
        decodeSourceMap(field.bytes(), { sources, locations });
        break;
    }
  });
  const graph = new GraphReader(metadata);
  const result = graph.read(ops);
  return { result, sources, locations: resolveLocations(locations, graph.byWireDigest, sources.length) };
}

/** Links ops to vertices while they come in. */
class GraphReader {
  readonly byWireDigest = new Map<string, Vertex>();
  readonly #byDigest = new Map<Digest, Vertex>();
  readonly #metadata: ReadonlyMap<string, VertexMetadata>;
  /** Digests of all ops, made only to tell a missing op from one that comes too late. */
  #allDigests: Set<string> | undefined;

  constructor(metadata: ReadonlyMap<string, VertexMetadata>) {
    this.#metadata = metadata;
  }

  read(ops: readonly Uint8Array[]): Edge | null {
    if (ops.length === 0) return null;
    for (const [i, bytes] of ops.entries()) {
      const where = `op ${i}`;
      const wireDigest = sha256(bytes);
      const { op, inputs, constraints } = decodeOp(bytes, where);
      if (i === ops.length - 1) {
        if (op)
          throw llbError(
            "LLB_NO_RESULT",
            where,
            `the last op is a ${op.kind} instead of the one without a kind`,
          );
        return this.#result(inputs, { where, ops });
      }
      if (!op)
        throw llbError("LLB_UNKNOWN_OP", where, "it has no kind, which only the last op may be without");
      if (this.byWireDigest.has(wireDigest))
        throw llbError("LLB_DUPLICATE_OP", where, `${wireDigest} is there twice`);
      const edges = inputs.map((input) => this.#edge(input, { where, ops }));
      const vertex = createVertex({
        op,
        inputs: edges,
        constraints,
        metadata: this.#metadata.get(wireDigest),
      });
      // Two spellings of one step are one vertex.
      const known = this.#byDigest.get(vertex.digest) ?? vertex;
      this.#byDigest.set(vertex.digest, known);
      this.byWireDigest.set(wireDigest, known);
    }
    return null;
  }

  #result(inputs: readonly DecodedInput[], context: { where: string; ops: readonly Uint8Array[] }): Edge {
    const [result] = inputs;
    if (!result) throw llbError("LLB_NO_RESULT", context.where, "the last op has no input");
    return this.#edge(result, context);
  }

  #edge(
    { digest, index }: DecodedInput,
    { where, ops }: { where: string; ops: readonly Uint8Array[] },
  ): Edge {
    const vertex = this.byWireDigest.get(digest);
    if (vertex) return { vertex, index };
    if (!isDigest(digest))
      throw llbError("LLB_BAD_DIGEST", where, `its input ${JSON.stringify(digest)} is not a digest`);
    this.#allDigests ??= new Set(ops.map((bytes) => sha256(bytes)));
    if (this.#allDigests.has(digest)) {
      throw llbError("LLB_NOT_TOPOLOGICAL", where, `its input ${digest} does not come before it`);
    }
    throw llbError("LLB_DANGLING_INPUT", where, `its input ${digest} is not in the definition`);
  }
}

function resolveLocations(
  written: ReadonlyMap<string, readonly VertexLocation[]>,
  vertices: ReadonlyMap<string, Vertex>,
  sourceCount: number,
): Map<Digest, readonly VertexLocation[]> {
  const resolved = new Map<Digest, readonly VertexLocation[]>();
  for (const [digest, list] of written) {
    for (const { source } of list) {
      if (source < 0 || source >= sourceCount) {
        throw llbError("LLB_BAD_INDEX", "source map", `there is no source file ${source}`);
      }
    }
    const vertex = vertices.get(digest);
    if (vertex) resolved.set(vertex.digest, [...(resolved.get(vertex.digest) ?? []), ...list]);
  }
  return resolved;
}
