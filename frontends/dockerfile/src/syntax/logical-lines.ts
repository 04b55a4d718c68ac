import type { Problem } from "../problems.ts";
import { heredocOpenings } from "./heredoc.ts";
import type { SourceText, Span } from "./source-text.ts";
import type { Comment, Heredoc } from "./syntax-tree.ts";

/** One instruction's worth of text. */
export interface LogicalLine {
  /** Offset in the joined text. */
  readonly at: number;
  /** The text, continuations taken out, ends trimmed. */
  readonly text: string;
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

interface PhysicalLine {
  readonly start: number;
  /** Without the line end. */
  readonly text: string;
  readonly next: number;
}

/** Takes lines off a text, one at a time. */
class LineReader {
  readonly #text: string;
  #at: number;

  constructor(text: string, at: number) {
    this.#text = text;
    this.#at = at;
  }

  get offset(): number {
    return this.#at;
  }

  next(): PhysicalLine | null {
    if (this.#at >= this.#text.length) return null;
    const start = this.#at;
    const newline = this.#text.indexOf("\n", start);
    this.#at = newline < 0 ? this.#text.length : newline + 1;
    let end = newline < 0 ? this.#text.length : newline;
    if (end > start && this.#text.charCodeAt(end - 1) === 13) end--;
    return { start, text: this.#text.slice(start, end), next: this.#at };
  }
}

function isComment(line: string): boolean {
  return /^\s*#/.test(line);
}

function commentOf(line: PhysicalLine): Comment {
  const start = line.start + line.text.indexOf("#");
  return {
    text: line.text.trim().slice(1).trim(),
    span: { start, end: line.start + line.text.trimEnd().length },
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
  readonly #problems: Problem[];
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
    this.#problems = options.problems;
    this.#reader = new LineReader(source.text, options.from);
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
      if (line.text.trim() === "") {
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
    const indent = first.text.length - first.text.trimStart().length;
    let line: PhysicalLine | null = {
      start: first.start + indent,
      text: first.text.slice(indent),
      next: first.next,
    };
    let sourceEnd = first.next;
    const parts: string[] = [];
    while (line !== null) {
      sourceEnd = line.start + line.text.trimEnd().length;
      const cut = continuationAt(line.text, this.#escape);
      const text = cut < 0 ? line.text : line.text.slice(0, cut);
      parts.push(text);
      this.#add(text, line.start);
      if (cut < 0) break;
      line = this.#continuation();
    }
    const text = parts.join("").trim();
    if (text === "") {
      this.#forget(at);
      return false;
    }
    this.#dropEnd(parts.join("").length - parts.join("").trimEnd().length);
    this.#add("\n", sourceEnd);
    const heredocs = this.#heredocs(text, { start: at, end: this.#length - 1 });
    if (heredocs.length > 0) sourceEnd = this.#reader.offset;
    this.#lines.push({ at, text, comments, heredocs, sourceEnd });
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
      else if (line.text.trim() !== "") return line;
    }
    return null;
  }

  #heredocs(text: string, joinedSpan: Span): Heredoc[] {
    const openings = heredocOpenings(text, this.#escape);
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
      const content = this.#heredocBody(opening.name, opening.stripTabs);
      if (content === null) {
        this.#problems.push({
          code: "HEREDOC_UNTERMINATED",
          message: `the here-document ${opening.written} has no end`,
          hint: `Write a line that holds nothing but ${opening.name} behind its last line.`,
          location: this.#source.locate(place),
        });
        return heredocs;
      }
      const { name, expand, stripTabs } = opening;
      heredocs.push({ name, expand, stripTabs, content, span: place });
    }
    return heredocs;
  }

  #currentSpan(joined: Span): Span {
    const index = this.#joinedStarts.lastIndexOf(joined.start);
    const start = this.#sourceStarts[index] ?? 0;
    return { start, end: this.#sourceStarts.at(-1) ?? start };
  }

  /** Null when the terminator is missing. */
  #heredocBody(name: string, stripTabs: boolean): string | null {
    const start = this.#reader.offset;
    for (let line = this.#reader.next(); line !== null; line = this.#reader.next()) {
      if ((stripTabs ? line.text.replace(/^\t+/, "") : line.text) === name)
        return this.#source.text.slice(start, line.start);
    }
    return null;
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
