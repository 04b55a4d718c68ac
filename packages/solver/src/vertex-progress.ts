import { type Vertex, vertexName } from "@slipway/ir";
import type { VertexEvent } from "@slipway/engine-sdk";

/** The event that tells how a vertex is doing. */
export function vertexEvent(
  vertex: Vertex,
  state: { cached?: boolean; startedMs?: number; completedMs?: number; error?: string },
): VertexEvent {
  return {
    kind: "vertex",
    digest: vertex.digest,
    inputs: vertex.inputs.map((input) => input.vertex.digest),
    name: vertexName(vertex),
    cached: false,
    ...state,
  };
}
