import type { Digest } from "@slipway/oci";
import { InputError } from "@slipway/oci";
import type { Definition, Edge, Vertex } from "./vertex.ts";
import { vertexName } from "./vertex-name.ts";

/**
 * The vertices below and including an edge's, each digest once, inputs before those that use them, in an order that
 * depends on the graph alone. Linear in edges and not recursive: 100,000 vertices in a row are fine.
 * @throws InputError `IR_CYCLE` for a graph that never ends (only hand-made objects can be one)
 */
export function walkVertices(result: Edge | null): Vertex[] {
  const ordered: Vertex[] = [];
  if (!result) return ordered;
  const state = new Map<Digest, "open" | "done">();
  const stack: { vertex: Vertex; next: number }[] = [{ vertex: result.vertex, next: 0 }];
  state.set(result.vertex.digest, "open");
  for (let frame = stack.at(-1); frame; frame = stack.at(-1)) {
    const input = frame.vertex.inputs[frame.next++];
    if (!input) {
      stack.pop();
      state.set(frame.vertex.digest, "done");
      ordered.push(frame.vertex);
      continue;
    }
    const seen = state.get(input.vertex.digest);
    if (seen === "open") {
      throw new InputError("IR_CYCLE", `${vertexName(input.vertex)} (${input.vertex.digest}) needs itself`, {
        hint: "Remove the input that leads back to the step itself.",
      });
    }
    if (seen === "done") continue;
    state.set(input.vertex.digest, "open");
    stack.push({ vertex: input.vertex, next: 0 });
  }
  return ordered;
}

/** The vertices of a definition, as `walkVertices` orders them; none for an empty filesystem. */
export function vertices(definition: Definition): Vertex[] {
  return walkVertices(definition.result);
}
