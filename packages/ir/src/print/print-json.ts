import { base64Encode } from "@bufbuild/protobuf/wire";
import type { Definition } from "../vertex.ts";
import { vertexName } from "../vertex-name.ts";
import { walkVertices } from "../walk.ts";

/**
 * The definition as JSON for programs: `result`, `vertices` in topological order with op, inputs by digest,
 * constraints and metadata, `sources` and `locations`. Bytes are base64, 64-bit times are decimal strings. Ends in a
 * newline.
 */
export function printJson(definition: Definition): string {
  const { result, sources, locations } = definition;
  const edge = (e: { vertex: { digest: string }; index: number }) => ({
    digest: e.vertex.digest,
    index: e.index,
  });
  const value = {
    result: result ? edge(result) : null,
    vertices: walkVertices(result).map((vertex) => ({
      digest: vertex.digest,
      name: vertexName(vertex),
      op: vertex.op,
      inputs: vertex.inputs.map(edge),
      constraints: vertex.constraints,
      metadata: vertex.metadata,
    })),
    sources,
    locations: Object.fromEntries(locations),
  };
  return `${JSON.stringify(value, replaceBinary, 2)}\n`;
}

function replaceBinary(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return value.toString();
  if (value instanceof Uint8Array) return base64Encode(value);
  return value;
}
