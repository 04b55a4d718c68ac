import type { DockerfileTree, InstructionNode } from "../syntax/syntax-tree.ts";
import { trimSpace, trimSpaceEnd } from "../syntax/white-space.ts";
import { formatInstruction } from "./format-instruction.ts";
import { withoutContinuation } from "./gap.ts";
import type { Layout } from "./layout.ts";
import { instructionPieces } from "./pieces.ts";

const LOOKS_LIKE_DIRECTIVE = /^\s*#\s*[a-z][a-z\d]*\s*=/i;

/** Writes a file, top-level line by top-level line. */
class FileWriter {
  readonly #layout: Layout;
  readonly #lines: string[] = [];
  #blank = false;

  constructor(layout: Layout) {
    this.#layout = layout;
  }

  get isEmpty(): boolean {
    return this.#lines.length === 0;
  }

  /** Empty lines that follow each other become one, and none at the start and the end. */
  blank(): void {
    this.#blank = true;
  }

  line(text: string): void {
    // Behind an empty line `# name=value` is an ordinary comment, and has to remain one.
    if (this.#blank && (!this.isEmpty || LOOKS_LIKE_DIRECTIVE.test(text))) this.#lines.push("");
    this.#blank = false;
    this.#lines.push(text);
  }

  finish(): string {
    return this.#lines.map((line) => line + this.#layout.eol).join("");
  }
}

/** Offset of the end of the line that `offset` is in, its line end not counted. */
function lineEndAt(text: string, offset: number): number {
  const newline = text.indexOf("\n", offset);
  return newline < 0 ? text.length : newline;
}

function withoutReturn(line: string): string {
  return line.replace(/\r+$/, "");
}

/**
 * Lays out a parsed file.
 * @param keep numbers of the instructions that stay as they are
 */
export function formatFile(tree: DockerfileTree, layout: Layout, keep: ReadonlySet<number>): string {
  const { source } = tree;
  const { text } = source;
  const writer = new FileWriter(layout);
  let at = 0;
  let isTop = true;

  /** Lines between instructions: comments, empty ones, and continuations that continue nothing. */
  const between = (end: number): void => {
    while (at < end) {
      const lineEnd = Math.min(lineEndAt(text, at), end);
      const line = withoutReturn(text.slice(at, lineEnd));
      const trimmed = trimSpace(line);
      if (trimmed === "") writer.blank();
      else if (trimmed.startsWith("#") && !(isTop && LOOKS_LIKE_DIRECTIVE.test(line))) writer.line(trimmed);
      else writer.line(trimSpaceEnd(line));
      if (!LOOKS_LIKE_DIRECTIVE.test(line)) isTop = false;
      at = lineEnd + 1;
    }
  };

  const instruction = (node: InstructionNode, number: number): void => {
    const lineStart = text.lastIndexOf("\n", node.span.start - 1) + 1;
    between(lineStart);
    isTop = false;
    const lastHeredoc = node.heredocs.at(-1);
    const headEnd = lineEndAt(text, instructionPieces(node).at(-1)!.span.end);
    const end = lastHeredoc === undefined ? headEnd : lineEndAt(text, lastHeredoc.end.end);
    at = end + 1;
    const formatted = keep.has(number) ? undefined : formatHead(node, headEnd);
    if (formatted === undefined) return writer.line(withoutReturn(text.slice(lineStart, end)));
    const body = lastHeredoc === undefined ? "" : layout.eol + text.slice(headEnd + 1, end);
    writer.line(formatted + withoutReturn(body));
  };

  /** The instruction laid out; undefined when it ends with something unknown. */
  const formatHead = (node: InstructionNode, headEnd: number): string | undefined => {
    const rest = withoutReturn(text.slice(instructionPieces(node).at(-1)!.span.end, headEnd));
    // A continuation with nothing behind it.
    const isClosed =
      trimSpace(rest) === "" || trimSpace(withoutContinuation(rest, layout.escape) ?? "x") === "";
    const formatted = isClosed ? formatInstruction(node, { source, layout }) : undefined;
    // What ended with an escape character and a blank would go on over the next line.
    const goesOn = formatted !== undefined && withoutContinuation(formatted, layout.escape) !== undefined;
    return goesOn ? undefined : formatted;
  };

  for (const [number, node] of tree.instructions.entries()) {
    // Where a here-document has no end, nobody knows what is an instruction and what belongs to it.
    if (node.heredocs.some(({ end }) => end.end === end.start)) {
      const lineStart = text.lastIndexOf("\n", node.span.start - 1) + 1;
      between(lineStart);
      return writer.finish() + text.slice(lineStart);
    }
    instruction(node, number);
  }
  between(text.length);
  return writer.finish();
}
