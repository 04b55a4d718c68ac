import type { SourceText } from "../syntax/source-text.ts";
import type { InstructionNode } from "../syntax/syntax-tree.ts";
import { formatText } from "./format-text.ts";
import { readGap, type Gap } from "./gap.ts";
import { columnsOf, type Layout } from "./layout.ts";
import { instructionPieces, type Piece } from "./pieces.ts";

/** A part of an instruction and what is in front of it. */
interface Placed {
  readonly piece: Piece;
  readonly gap: Gap;
  /** A comma goes to the end of the part before. */
  readonly comma: boolean;
}

/** Takes the comma out of what is between two strings of a JSON array; comments may hold others. */
function withoutComma(text: string): string | undefined {
  const lines = text.split("\n");
  const index = lines.findIndex(
    (line, number) => line.includes(",") && (number === 0 || !/^\s*#/.test(line)),
  );
  if (index < 0) return undefined;
  lines[index] = lines[index]!.replace(",", " ");
  return lines.join("\n");
}

function placed(pieces: readonly Piece[], source: SourceText, escape: string): Placed[] | undefined {
  const result: Placed[] = [];
  let before = pieces[0]!;
  for (const piece of pieces.slice(1)) {
    const comma = piece.kind === "item" && before.kind === "item";
    const written = source.text.slice(before.span.end, piece.span.start);
    const text = comma ? withoutComma(written) : written;
    const gap = text === undefined ? undefined : readGap(text, escape);
    if (gap === undefined) return undefined;
    result.push({ piece, gap, comma });
    before = piece;
  }
  return result;
}

/** Collects lines. */
class LineWriter {
  readonly #layout: Layout;
  readonly #lines: string[] = [];
  #current = "";

  constructor(layout: Layout) {
    this.#layout = layout;
  }

  write(text: string): void {
    this.#current += text;
  }

  break(comments: readonly string[], indentation: string): void {
    this.#lines.push(`${this.#current} ${this.#layout.escape}`);
    for (const comment of comments) this.#lines.push(indentation + comment);
    this.#current = indentation;
  }

  finish(): string {
    return [...this.#lines, this.#current].join(this.#layout.eol);
  }
}

/** True when flags stand behind one another in a line that is too long. */
function hasLongFlags(
  parts: readonly Placed[],
  node: InstructionNode,
  { source, layout }: FormatScope,
): boolean {
  const flags = parts.filter(({ piece }) => piece.kind === "flag");
  if (flags.length < 2 || flags.slice(1).every(({ gap }) => gap.breaks)) return false;
  let columns = node.keyword.text.length;
  for (const { piece, gap } of parts) {
    if (gap.breaks) columns = layout.indentWidth - 1;
    const written = piece.text ?? source.text.slice(piece.span.start, piece.span.end);
    const [line = ""] = written.split("\n", 1);
    columns += 1 + line.length;
    if (columns > layout.lineWidth) return true;
    // Behind the flags only the rest of their line counts.
    if (piece.kind !== "flag" && piece.kind !== "keyword") return false;
  }
  return false;
}

interface FormatScope {
  readonly source: SourceText;
  readonly layout: Layout;
}

/**
 * Lays out one instruction, without its here-documents: no white space at the start, no line end at the end.
 * Undefined when there is something between its parts that it does not know.
 */
export function formatInstruction(node: InstructionNode, scope: FormatScope): string | undefined {
  const { source, layout } = scope;
  const pieces = instructionPieces(node);
  const parts = placed(pieces, source, layout.escape);
  if (parts === undefined) return undefined;
  // Of words that are written otherwise than they stand no lines and comments may be lost.
  const isSplit = ({ text, span }: Piece): boolean =>
    text !== undefined && source.text.slice(span.start, span.end).includes("\n");
  if (pieces.some(isSplit)) return undefined;
  const breaksFlags = hasLongFlags(parts, node, scope);
  const standard = " ".repeat(layout.indentWidth);
  const writer = new LineWriter(layout);
  let before = pieces[0]!;
  writer.write(before.text ?? "");
  for (const { piece, gap, comma } of parts) {
    const { text, indentation } = writtenPiece(piece, gap, scope);
    if (comma) writer.write(",");
    if (gap.breaks) writer.break(gap.comments, indentation);
    else if (breaksFlags && before.kind === "flag") writer.break([], standard);
    else if (before.kind !== "open" && piece.kind !== "close") writer.write(" ");
    writer.write(text);
    before = piece;
  }
  return writer.finish();
}

/** A part as it is to be written, and the indentation for it if it begins a line. */
function writtenPiece(
  piece: Piece,
  gap: Gap,
  { source, layout }: FormatScope,
): { readonly text: string; readonly indentation: string } {
  const written = source.text.slice(piece.span.start, piece.span.end);
  if (piece.kind === "shell" || piece.kind === "text") {
    const columns = gap.breaks ? columnsOf(gap.indentation, layout.indentWidth) : undefined;
    return formatText(written, { layout, isShell: piece.kind === "shell", columns });
  }
  const indentation = piece.kind === "close" ? "" : " ".repeat(layout.indentWidth);
  // Lines of a word that goes over several stay as they are.
  return { text: piece.text ?? written.replace(/\r*\n/g, layout.eol), indentation };
}
