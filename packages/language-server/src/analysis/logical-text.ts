import type { Span } from "@slipway/frontend-dockerfile/language";

/** An instruction on one line: its text without continuations and the comments between them, and where each character is. */
export interface LogicalText {
  readonly text: string;
  /** Offset in the source just behind the last line, its line end left out. */
  readonly end: number;
  /** Offset in the source of a character of `text`; the end for those beyond. */
  toSource(at: number): number;
  /** How many characters of `text` stand before an offset of the source. */
  fromSource(offset: number): number;
  /** True when an offset is in a comment or an empty line between continued lines. */
  isGap(offset: number): boolean;
}

interface Piece {
  /** In the logical text. */
  readonly at: number;
  readonly start: number;
  readonly end: number;
}

/** Length of the part of a line before its continuation; -1 when the line does not continue. */
function continuationAt(line: string, escape: string): number {
  const trimmed = line.replace(/[ \t]+$/, "");
  return trimmed.endsWith(escape) && !trimmed.endsWith(escape + escape) ? trimmed.length - 1 : -1;
}

/** Reads the logical line that begins at an offset. An instruction whose last line asks to go on includes the line after it. */
export function logicalTextAt(source: string, start: number, escape: string): LogicalText {
  const pieces: Piece[] = [];
  const gaps: Span[] = [];
  const chunks: string[] = [];
  let length = 0;
  let end = start;
  for (let at = start, isFirst = true; at <= source.length; isFirst = false) {
    const newline = source.indexOf("\n", at);
    let lineEnd = newline < 0 ? source.length : newline;
    if (lineEnd > at && source.charCodeAt(lineEnd - 1) === 13) lineEnd--;
    const line = source.slice(at, lineEnd);
    const isLast = newline < 0;
    if (!isFirst && (/^\s*#/.test(line) || (line.trim() === "" && !isLast))) {
      gaps.push({ start: at, end: lineEnd });
    } else {
      const cut = continuationAt(line, escape);
      const text = cut < 0 ? line : line.slice(0, cut);
      pieces.push({ at: length, start: at, end: at + text.length });
      chunks.push(text);
      length += text.length;
      end = lineEnd;
      if (cut < 0) break;
    }
    if (isLast) break;
    at = newline + 1;
  }
  const text = chunks.join("");
  return {
    text,
    end,
    toSource(at) {
      const piece = pieces.findLast((each) => each.at <= at);
      return piece === undefined ? start : Math.min(piece.end, piece.start + at - piece.at);
    },
    fromSource(offset) {
      const piece = pieces.findLast((each) => each.start <= offset);
      return piece === undefined ? 0 : piece.at + Math.min(offset, piece.end) - piece.start;
    },
    isGap: (offset) => gaps.some((gap) => gap.start <= offset && offset <= gap.end),
  };
}
