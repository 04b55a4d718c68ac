import type { Definition, Edge } from "../vertex.ts";
import { vertexName } from "../vertex-name.ts";
import type { Digest } from "@slipway/oci";
import { inputRoles, oneLine, outputSuffix, shortDigest, vertexTraits } from "./describe-vertex.ts";

/**
 * The graph as an indented tree for people, the result on top and what it needs below it. A vertex that is used more
 * than once is shown at its first place and referred to by its number later. Ends in a newline.
 */
export function printTree(definition: Definition): string {
  if (!definition.result) return "(empty filesystem)\n";
  const lines: string[] = [];
  const numbers = new Map<Digest, number>();
  const stack: { edge: Edge; depth: number; role: string }[] = [
    { edge: definition.result, depth: 0, role: "" },
  ];
  for (let item = stack.pop(); item; item = stack.pop()) {
    const { edge, depth, role } = item;
    const { vertex } = edge;
    // Deeper levels stay at one column: indenting a chain of 100,000 would take gigabytes.
    const indent = depth <= MAX_INDENT ? "  ".repeat(depth) : `${"  ".repeat(MAX_INDENT)}(${depth}) `;
    const prefix = `${indent}${role ? `${role}: ` : ""}`;
    const known = numbers.get(vertex.digest);
    if (known !== undefined) {
      lines.push(`${prefix}→ #${known}${outputSuffix(edge)} ${oneLine(vertexName(vertex), 60)}`);
      continue;
    }
    const number = numbers.size + 1;
    numbers.set(vertex.digest, number);
    const traits = [shortDigest(vertex), ...vertexTraits(vertex)].join(", ");
    lines.push(
      `${prefix}#${number}${outputSuffix(edge)} ${oneLine(vertexName(vertex))} (${vertex.op.kind}, ${traits})`,
    );
    const roles = inputRoles(vertex.op, vertex.inputs.length);
    for (let i = vertex.inputs.length - 1; i >= 0; i--) {
      const input = vertex.inputs[i] as Edge;
      stack.push({ edge: input, depth: depth + 1, role: oneLine(roles[i]?.join(", ") ?? "") });
    }
  }
  return `${lines.join("\n")}\n`;
}

const MAX_INDENT = 40;
