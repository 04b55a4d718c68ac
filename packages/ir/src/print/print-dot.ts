import type { Definition } from "../vertex.ts";
import { vertexName } from "../vertex-name.ts";
import { walkVertices } from "../walk.ts";
import { inputRoles, oneLine, vertexTraits } from "./describe-vertex.ts";

const SHAPES = {
  source: "ellipse",
  exec: "box",
  file: "note",
  merge: "invtriangle",
  diff: "triangle",
  build: "folder",
} as const;

/** The graph in Graphviz's language, edges from inputs to what uses them. Ends in a newline. */
export function printDot(definition: Definition): string {
  const { result } = definition;
  const lines = ["digraph llb {", "  rankdir=BT;"];
  for (const vertex of walkVertices(result)) {
    const label = [oneLine(vertexName(vertex), 120), ...vertexTraits(vertex)].join("\n");
    lines.push(`  ${quote(vertex.digest)} [label=${quote(label)} shape=${SHAPES[vertex.op.kind]}];`);
    const roles = inputRoles(vertex.op, vertex.inputs.length);
    for (const [i, input] of vertex.inputs.entries()) {
      const role = oneLine(roles[i]?.join(", ") ?? "");
      const output = input.index === 0 ? "" : ` taillabel=${quote(String(input.index))}`;
      lines.push(
        `  ${quote(input.vertex.digest)} -> ${quote(vertex.digest)} [label=${quote(role)}${output}];`,
      );
    }
  }
  if (result) {
    lines.push("  result [shape=doublecircle label=result];");
    lines.push(
      `  ${quote(result.vertex.digest)} -> result [label=${quote(result.index === 0 ? "" : String(result.index))}];`,
    );
  }
  lines.push("}");
  return `${lines.join("\n")}\n`;
}

function quote(text: string): string {
  return `"${text.replace(/[\\"]/g, "\\$&").replace(/\n/g, "\\n")}"`;
}
