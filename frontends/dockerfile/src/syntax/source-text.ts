import type { SourceLocation } from "@slipway/oci";

/** A range of a source text in UTF-16 offsets from 0; `end` is exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** A place in a source text. Lines and columns count from 1, columns in UTF-16 code units. */
export interface LineColumn {
  readonly line: number;
  readonly column: number;
}

/** A named text that knows its lines. The byte-order mark, when there was one, is not part of it. */
export class SourceText {
  readonly file: string;
  readonly text: string;
  /** Whether there was a byte-order mark. */
  readonly hasByteOrderMark: boolean;
  readonly #lineStarts: number[] = [0];

  constructor(file: string, text: string) {
    this.file = file;
    this.hasByteOrderMark = text.startsWith("\uFEFF");
    this.text = this.hasByteOrderMark ? text.slice(1) : text;
    for (let at = this.text.indexOf("\n"); at >= 0; at = this.text.indexOf("\n", at + 1))
      this.#lineStarts.push(at + 1);
  }

  /** Line and column of an offset; offsets beyond the end are the end. */
  position(offset: number): LineColumn {
    const starts = this.#lineStarts;
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (starts[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: offset - starts[low]! + 1 };
  }

  /** The offset of a line and column, counted from 1; places beyond the end are the end. */
  offset(line: number, column: number): number {
    return Math.min(this.text.length, (this.#lineStarts[line - 1] ?? this.text.length) + column - 1);
  }

  /** The text of a line, counted from 1, without its line end. */
  line(number: number): string {
    const start = this.#lineStarts[number - 1];
    if (start === undefined) return "";
    const next = this.#lineStarts[number];
    return this.text.slice(start, next === undefined ? undefined : next - 1).replace(/\r$/, "");
  }

  /** Where a range is, as errors carry it; the last column is inclusive, the excerpt is the first line. */
  locate(span: Span): SourceLocation {
    const start = this.position(span.start);
    const end = this.position(Math.max(span.start, span.end - 1));
    return {
      file: this.file,
      line: start.line,
      column: start.column,
      ...(end.line === start.line ? {} : { endLine: end.line }),
      endColumn: end.column,
      excerpt: this.line(start.line),
    };
  }
}
