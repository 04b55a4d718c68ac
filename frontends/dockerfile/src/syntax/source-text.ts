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

/** A file that was included into another one. */
export interface Fragment {
  readonly file: string;
  /** Without a byte-order mark. */
  readonly text: string;
  /** Where the INCLUDE is; a range of the whole source text, so that fragments can include fragments. */
  readonly includedAt: Span;
}

/** A file that a source text is made of. */
export interface SourceFile {
  readonly file: string;
  readonly text: string;
  /** Offset of its first character in the whole source text. */
  readonly start: number;
  /** Where the INCLUDE is; undefined for the file itself. */
  readonly includedAt: Span | undefined;
}

/** One file's part of a source text. */
class Piece implements SourceFile {
  readonly file: string;
  readonly text: string;
  readonly start: number;
  readonly includedAt: Span | undefined;
  readonly #lineStarts: number[] = [0];

  constructor(file: string, text: string, options: { readonly start: number; readonly includedAt?: Span }) {
    this.file = file;
    this.text = text;
    this.start = options.start;
    this.includedAt = options.includedAt;
    for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) this.#lineStarts.push(at + 1);
  }

  /** `offset` counts from the start of the whole source text. */
  position(offset: number): LineColumn {
    const starts = this.#lineStarts;
    const at = offset - this.start;
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (starts[middle]! <= at) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, column: at - starts[low]! + 1 };
  }

  offset(line: number, column: number): number {
    return Math.min(this.text.length, (this.#lineStarts[line - 1] ?? this.text.length) + column - 1);
  }

  line(number: number): string {
    const start = this.#lineStarts[number - 1];
    if (start === undefined) return "";
    const next = this.#lineStarts[number];
    return this.text.slice(start, next === undefined ? undefined : next - 1).replace(/\r$/, "");
  }
}

/**
 * A named text that knows its lines. The byte-order mark, when there was one, is not part of it. Fragments that were
 * included stand behind the file's own text, each with a line feed before it, so that an offset says which file it is in.
 */
export class SourceText {
  readonly file: string;
  readonly text: string;
  /** Whether there was a byte-order mark. */
  readonly hasByteOrderMark: boolean;
  readonly #pieces: readonly Piece[];

  constructor(file: string, text: string, fragments: readonly Fragment[] = []) {
    this.file = file;
    this.hasByteOrderMark = text.startsWith("\uFEFF");
    const own = this.hasByteOrderMark ? text.slice(1) : text;
    const pieces = [new Piece(file, own, { start: 0 })];
    let end = own.length;
    for (const fragment of fragments) {
      pieces.push(
        new Piece(fragment.file, fragment.text, { start: end + 1, includedAt: fragment.includedAt }),
      );
      end += 1 + fragment.text.length;
    }
    this.#pieces = pieces;
    this.text = fragments.length === 0 ? own : pieces.map((piece) => piece.text).join("\n");
  }

  /** The files that the text is made of: its own first, then fragments. */
  get files(): readonly SourceFile[] {
    return this.#pieces;
  }

  /** Which of `files` an offset is in. */
  fileIndex(offset: number): number {
    let index = this.#pieces.length - 1;
    while (index > 0 && this.#pieces[index]!.start > offset) index--;
    return index;
  }

  /** A range of the file itself stays; for one of a fragment, the INCLUDE of the file itself that brought it in. */
  siteOf(span: Span): Span {
    let site = span;
    for (let piece = this.#piece(site.start); piece.includedAt !== undefined; piece = this.#piece(site.start))
      site = piece.includedAt;
    return site;
  }

  #piece(offset: number): Piece {
    return this.#pieces[this.fileIndex(offset)]!;
  }

  /** Line and column of an offset in its file; offsets beyond the end are the end. */
  position(offset: number): LineColumn {
    return this.#piece(offset).position(offset);
  }

  /** The offset of a line and column of the file itself, counted from 1; places beyond the end are the end. */
  offset(line: number, column: number): number {
    return this.#pieces[0]!.offset(line, column);
  }

  /** The text of a line, counted from 1, without its line end: of the file itself, or of another one of `files`. */
  line(number: number, file = 0): string {
    return this.#pieces[file]!.line(number);
  }

  /** How many lines one of `files` has. */
  lineCount(file: number): number {
    const { text, start } = this.#pieces[file]!;
    return this.#pieces[file]!.position(start + text.length).line;
  }

  /** Where a range is, as errors carry it; the last column is inclusive, the excerpt is the first line. */
  locate(span: Span): SourceLocation {
    const piece = this.#piece(span.start);
    const start = piece.position(span.start);
    const end = piece.position(Math.max(span.start, span.end - 1));
    return {
      file: piece.file,
      line: start.line,
      column: start.column,
      ...(end.line === start.line ? {} : { endLine: end.line }),
      endColumn: end.column,
      excerpt: piece.line(start.line),
      ...(piece.includedAt === undefined ? {} : { includedFrom: this.locate(piece.includedAt) }),
    };
  }
}
