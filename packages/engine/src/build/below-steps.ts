import { type Edge, walkVertices } from "@slipway/ir";
import type { Digest } from "@slipway/oci";

/** Digests of the vertices above which a step runs, so that its result is followed by at least one more process. */
export function belowSteps(results: readonly (Edge | null)[]): ReadonlySet<Digest> {
  const below = new Set<Digest>();
  for (const result of results) {
    // Users come after what they use: backwards, each vertex is complete when it is reached.
    for (const vertex of walkVertices(result).reverse()) {
      if (vertex.op.kind !== "exec" && !below.has(vertex.digest)) continue;
      for (const input of vertex.inputs) below.add(input.vertex.digest);
    }
  }
  return below;
}
