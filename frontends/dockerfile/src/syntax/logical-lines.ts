import type { Problem } from "../problems.ts";
import { HeredocBodies } from "./heredoc-bodies.ts";
import { heredocOpenings } from "./heredoc.ts";
import { LineReader, type PhysicalLine } from "./line-reader.ts";
import type { SourceText, Span } from "./source-text.ts";
import type { Comment, Heredoc } from "./syntax-tree.ts";
import { leadingSpace, trimSpace, trimSpaceEnd } from "./white-space.ts";

/** One instruction's worth of text. */
export interface LogicalLine {
  /** Offset in the joined text. */
  readonly at: number;
  /** The text, continuations taken out, its end trimmed. */
  readonly text: string;
  /** The white space at its end, which `text` is without. */
  readonly trailing: string;
  readonly comments: readonly Comment[];
  readonly heredocs: readonly Heredoc[];
  /** Offset in the source just behind the instruction, here-documents included. */
  readonly sourceEnd: number;
}

/** The instructions of a file, each on one line, and the way back to the source. */
export interface LogicalLines {
  /** All lines, each ended by `\n`. */
  readonly joined: string;
  readonly lines: readonly LogicalLine[];
  readonly comments: readonly Comment[];
  /** Translates a range of `joined` to one of the source. */
  toSource(span: Span): Span;
}

function isComment(line: string): boolean {
  return line[leadingSpace(line)] === "#";
}

function isBlank(line: string): boolean {
  return leadingSpace(line) === line.length;
}

function commentOf(line: PhysicalLine): Comment {
  const start = line.start + leadingSpace(line.text);
  return {
    text: trimSpace(trimSpace(line.text).slice(1)),
    span: { start, end: line.start + trimSpaceEnd(line.text).length },
  };
}

/** Length of the part before the continuation; -1 when the line does not continue. */
function continuationAt(text: string, escape: string): number {
  let end = text.length;
  while (end > 0 && (text[end - 1] === " " || text[end - 1] === "\t")) end--;
  if (end === 0 || text[end - 1] !== escape) return -1;
  // A doubled escape character is an ordinary one.
  if (end > 1 && text[end - 2] === escape) return -1;
  return end - 1;
}

class Assembler {
  readonly #source: SourceText;
  readonly #escape: "\\" | "`";
  readonly #bodies: HeredocBodies;
  readonly #reader: LineReader;
  readonly #chunks: string[] = [];
  readonly #joinedStarts: number[] = [];
  readonly #sourceStarts: number[] = [];
  readonly #lines: LogicalLine[] = [];
  readonly #comments: Comment[] = [];
  #length = 0;

  constructor(source: SourceText, options: { escape: "\\" | "`"; from: number; problems: Problem[] }) {
    this.#source = source;
    this.#escape = options.escape;
    this.#reader = new LineReader(source.text, options.from);
    this.#bodies = new HeredocBodies(source, this.#reader, options.problems);
  }

  run(): LogicalLines {
    let above: Comment[] = [];
    for (let line = this.#reader.next(); line !== null; line = this.#reader.next()) {
      if (isComment(line.text)) {
        const comment = commentOf(line);
        this.#comments.push(comment);
        if (comment.text === "") above = [];
        else above.push(comment);
        continue;
      }
      if (isBlank(line.text)) {
        above = [];
        continue;
      }
      if (this.#instruction(line, above)) above = [];
    }
    const joinedStarts = this.#joinedStarts;
    const sourceStarts = this.#sourceStarts;
    const toSourceOffset = (offset: number): number => {
      let low = 0;
      let high = joinedStarts.length - 1;
      while (low < high) {
        const middle = (low + high + 1) >> 1;
        if (joinedStarts[middle]! <= offset) low = middle;
        else high = middle - 1;
      }
      return (sourceStarts[low] ?? 0) + (offset - (joinedStarts[low] ?? 0));
    };
    return {
      joined: this.#chunks.join(""),
      lines: this.#lines,
      comments: this.#comments,
      toSource: ({ start, end }) => {
        const from = toSourceOffset(start);
        return { start: from, end: end > start ? toSourceOffset(end - 1) + 1 : from };
      },
    };
  }

  #add(text: string, sourceOffset: number): void {
    if (text === "") return;
    this.#joinedStarts.push(this.#length);
    this.#sourceStarts.push(sourceOffset);
    this.#chunks.push(text);
    this.#length += text.length;
  }

  /** False when the line and all that it continues on are empty. */
  #instruction(first: PhysicalLine, comments: readonly Comment[]): boolean {
    const at = this.#length;
    const indent = leadingSpace(first.text);
    let line: PhysicalLine | null = {
      start: first.start + indent,
      text: first.text.slice(indent),
      next: first.next,
    };
    let sourceEnd = first.next;
    const parts: string[] = [];
    while (line !== null) {
      sourceEnd = line.start + trimSpaceEnd(line.text).length;
      const cut = continuationAt(line.text, this.#escape);
      const text = cut < 0 ? line.text : line.text.slice(0, cut);
      parts.push(text);
      this.#add(text, line.start);
      if (cut < 0) break;
      line = this.#continuation();
    }
    const whole = parts.join("");
    const text = trimSpaceEnd(whole);
    // What follows the first escape character may begin with white space.
    if (isBlank(text)) {
      this.#forget(at);
      return false;
    }
    const trailing = whole.slice(text.length);
    this.#dropEnd(trailing.length);
    this.#add("\n", sourceEnd);
    const heredocs = this.#heredocs(text, { start: at, end: this.#length - 1 });
    if (heredocs.length > 0) sourceEnd = this.#reader.offset;
    this.#lines.push({ at, text, trailing, comments, heredocs, sourceEnd });
    return true;
  }

  /** Takes back what was added since the joined text had this length. */
  #forget(length: number): void {
    while ((this.#joinedStarts.at(-1) ?? -1) >= length) {
      this.#joinedStarts.pop();
      this.#sourceStarts.pop();
      this.#chunks.pop();
    }
    this.#length = length;
  }

  /** Takes white space off the end of the joined text. */
  #dropEnd(length: number): void {
    let left = length;
    while (left > 0) {
      const last = this.#chunks.at(-1)!;
      const cut = Math.min(left, last.length);
      if (cut === last.length) this.#forget(this.#length - cut);
      else {
        this.#chunks[this.#chunks.length - 1] = last.slice(0, -cut);
        this.#length -= cut;
      }
      left -= cut;
    }
  }

  /** The next line that counts: comments and empty lines between continued lines do not. */
  #continuation(): PhysicalLine | null {
    for (let line = this.#reader.next(); line !== null; line = this.#reader.next()) {
      if (isComment(line.text)) this.#comments.push(commentOf(line));
      else if (!isBlank(line.text)) return line;
    }
    return null;
  }

  #heredocs(text: string, joinedSpan: Span): Heredoc[] {
    const openings = heredocOpenings(text);
    if (openings.length === 0) return [];
    const span = this.#currentSpan(joinedSpan);
    const written = this.#source.text.slice(span.start, span.end);
    const heredocs: Heredoc[] = [];
    let searchFrom = 0;
    for (const opening of openings) {
      const found = written.indexOf(opening.written, searchFrom);
      const place =
        found < 0 ? span : { start: span.start + found, end: span.start + found + opening.written.length };
      if (found >= 0) searchFrom = found + opening.written.length;
      const { body, end } = this.#bodies.read(opening, place);
      const { name, expand, stripTabs } = opening;
      const content = this.#source.text.slice(body.start, body.end);
      heredocs.push({ name, expand, stripTabs, content, span: place, body, end });
    }
    return heredocs;
  }

  #currentSpan(joined: Span): Span {
    const index = this.#joinedStarts.lastIndexOf(joined.start);
    const start = this.#sourceStarts[index] ?? 0;
    return { start, end: this.#sourceStarts.at(-1) ?? start };
  }
}

/**
 * Joins continued lines, drops comments and empty lines, and takes here-documents out. White space at the start of a
 * continuation stays, as in Docker.
 */
export function joinLines(
  source: SourceText,
  options: { escape: "\\" | "`"; from: number; problems: Problem[] },
): LogicalLines {
  return new Assembler(source, options).run();
}
