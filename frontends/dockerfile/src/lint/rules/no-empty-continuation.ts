import type { SourceText, Span } from "../../syntax/source-text.ts";
import type { InstructionNode } from "../../syntax/syntax-tree.ts";
import { trimSpace } from "../../syntax/white-space.ts";
import { buildkitRule } from "../rule.ts";

interface EmptyLines {
  /** Empty lines with their line ends. */
  readonly empty: readonly Span[];
  /** Number of the line at which the instruction ends, here-documents left out. */
  readonly lastLine: number;
}

/** Follows an instruction from line to line, as builders do. */
function emptyLines(node: InstructionNode, source: SourceText, escape: string): EmptyLines {
  const { text } = source;
  const empty: Span[] = [];
  let lastLine = 0;
  let at = node.span.start;
  while (at < text.length) {
    const newline = text.indexOf("\n", at);
    const end = newline < 0 ? text.length : newline;
    const line = trimSpace(text.slice(at, end));
    lastLine = source.position(at).line;
    if (line === "") empty.push({ start: at, end: newline < 0 ? end : end + 1 });
    // Comments between continued lines are not part of the instruction.
    else if (!line.startsWith("#") && !(line.endsWith(escape) && !line.endsWith(escape + escape))) break;
    at = newline < 0 ? text.length : newline + 1;
  }
  return { empty, lastLine };
}

export const noEmptyContinuation = buildkitRule({
  name: "NoEmptyContinuation",
  description: "Behind the escape character at a line's end comes no empty line",
  fixable: true,
  *check({ tree }) {
    for (const node of tree.instructions) {
      const { empty, lastLine } = emptyLines(node, tree.source, tree.escape);
      const [first] = empty;
      if (first === undefined) continue;
      yield {
        span: { start: first.start, end: Math.max(first.start, first.end - 1) },
        node,
        // BuildKit notices when the instruction has ended.
        lines: [lastLine],
        message: `an empty line in the middle of ${node.name.toUpperCase()}`,
        hint: "Remove it, or the escape character before it: future versions of the language may end the instruction here.",
        fix: { title: "Remove the empty lines", edits: empty.map((span) => ({ span, text: "" })) },
      };
    }
  },
});
