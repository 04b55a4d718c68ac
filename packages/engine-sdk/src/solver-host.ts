import type { Edge, Vertex } from "@slipway/ir";
import type { Digest } from "@slipway/oci";
import type { ProgressSink } from "./progress.ts";
import type { Ref } from "./ref.ts";

/** What a vertex gave: one ref for each output, in order; null for outputs that were thrown away. */
export interface VertexResult {
  readonly outputs: readonly (Ref | null)[];
}

export interface ExecuteContext {
  readonly signal: AbortSignal;
  readonly progress: ProgressSink;
}

/** Everything that the solver does to the world. The engine implements it over the parts; tests implement it in memory. */
export interface SolverHost {
  /**
   * What a source is pinned to: an image's digest and platform, a commit, a checksum. Null when its content can't be
   * known from its definition (a local folder), so that nothing above it is ever found by definition alone.
   */
  sourceKey(vertex: Vertex, signal: AbortSignal): Promise<string | null>;
  /**
   * The content key of a vertex: SHA-256 over its op and what the op can see of its solved inputs. Content, mode,
   * owner, link target and xattrs count; mtime and names of progress do not. Null when the vertex must run each time.
   */
  contentKey(vertex: Vertex, inputs: readonly Ref[], signal: AbortSignal): Promise<Digest | null>;
  /** Runs a vertex whose inputs are solved, `inputs[i]` being that of `vertex.inputs[i]`. */
  execute(vertex: Vertex, inputs: readonly Ref[], context: ExecuteContext): Promise<VertexResult>;
  /** A result recorded under a key, complete and usable, or null. A broken cache answers null. */
  lookup(key: Digest, signal: AbortSignal): Promise<VertexResult | null>;
  /** Remembers a result under all of its keys, durably; does nothing for results that do not outlive the build. */
  record(vertex: Vertex, keys: readonly Digest[], result: VertexResult): Promise<void>;
  /** The definition that a build op's input holds. */
  loadDefinition(vertex: Vertex, input: Ref, signal: AbortSignal): Promise<Edge | null>;
}
