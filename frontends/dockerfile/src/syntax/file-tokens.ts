import type { SourceText, Span } from "./source-text.ts";
import type { Arguments, DockerfileTree, InstructionNode, Word } from "./syntax-tree.ts";
import { isSpace } from "./white-space.ts";

/**
 * What a piece of a file is. Pieces that say something: `keyword`; `flag` (all of `--name=value`); `word`, an argument, key
 * or value; `separator`, the `=` of a pair; `text`, the free text of RUN, CMD and the like; `json`, a JSON array;
 * `heredoc-open` (`<<NAME` where it stands), `heredoc-body` (all its lines) and `heredoc-end` (its last line); `directive`
 * and `comment`, from the `#` on. And pieces between them: `continuation` (the escape character, blanks and line end),
 * `newline` (`\n` with the carriage returns before it), `whitespace`, which is also the indentation of continued lines.
 */
export type FileTokenKind =
  | "bom"
  | "keyword"
  | "flag"
  | "word"
  | "separator"
  | "text"
  | "json"
  | "heredoc-open"
  | "heredoc-body"
  | "heredoc-end"
  | "directive"
  | "comment"
  | "continuation"
  | "newline"
  | "whitespace";

/** A piece of a file as it is written. What goes over continued lines is several pieces of one kind. */
export interface FileToken {
  readonly kind: FileTokenKind;
  readonly span: Span;
  readonly text: string;
}

interface Piece {
  readonly kind: FileTokenKind;
  readonly span: Span;
}

function word(pieces: Piece[], { span }: Word, kind: FileTokenKind = "word"): void {
  if (span.end > span.start) pieces.push({ kind, span });
}

function argumentPieces(args: Arguments, pieces: Piece[]): void {
  switch (args.form) {
    case "none":
      return;
    case "words":
      for (const item of args.words) word(pieces, item);
      return;
    case "json":
      pieces.push({ kind: "json", span: args.span });
      return;
    case "text":
      return word(pieces, args.text, "text");
    case "pairs":
      for (const { key, separator, value } of args.pairs) {
        word(pieces, key);
        if (separator === "=" && value !== undefined)
          pieces.push({ kind: "separator", span: { start: key.span.end, end: value.span.start } });
        if (value !== undefined) word(pieces, value);
      }
      return;
    case "healthcheck":
      word(pieces, args.type);
      return argumentPieces(args.command, pieces);
    case "trigger":
      return instructionPieces(args.instruction, pieces);
  }
}

function instructionPieces(node: InstructionNode, pieces: Piece[]): void {
  word(pieces, node.keyword, "keyword");
  for (const { span } of node.flags) pieces.push({ kind: "flag", span });
  argumentPieces(node.arguments, pieces);
}

/** Puts the openings of here-documents in the place of the parts of words that they are. */
function cutOut(pieces: readonly Piece[], holes: readonly Piece[]): Piece[] {
  if (holes.length === 0) return [...pieces];
  const result: Piece[] = [];
  let next = 0;
  for (const piece of pieces) {
    let { start } = piece.span;
    for (; next < holes.length && holes[next]!.span.start < piece.span.end; next++) {
      const hole = holes[next]!;
      if (hole.span.start < start || hole.span.end > piece.span.end) continue;
      if (hole.span.start > start) result.push({ kind: piece.kind, span: { start, end: hole.span.start } });
      result.push(hole);
      start = hole.span.end;
    }
    if (start < piece.span.end) result.push({ kind: piece.kind, span: { start, end: piece.span.end } });
  }
  return result;
}

function piecesOf(tree: DockerfileTree): Piece[] {
  const all: Piece[] = tree.directives.map(({ span }) => ({ kind: "directive", span }));
  for (const { span } of tree.comments) all.push({ kind: "comment", span });
  for (const node of tree.instructions) {
    const pieces: Piece[] = [];
    instructionPieces(node, pieces);
    const openings = node.heredocs.map(({ span }): Piece => ({ kind: "heredoc-open", span }));
    // Not spread: an instruction may have more words than a call may have arguments.
    for (const piece of cutOut(pieces, openings)) all.push(piece);
    for (const { body, end } of node.heredocs) {
      all.push({ kind: "heredoc-body", span: body }, { kind: "heredoc-end", span: end });
    }
  }
  return all.filter(({ span }) => span.end > span.start).sort((a, b) => a.span.start - b.span.start);
}

/** Cuts a file into its pieces. */
class Cutter {
  readonly tokens: FileToken[] = [];
  readonly #text: string;
  readonly #escape: string;
  #at = 0;

  constructor(source: SourceText, escape: string) {
    this.#text = source.text;
    this.#escape = escape;
  }

  #push(kind: FileTokenKind, end: number): void {
    if (end <= this.#at) return;
    const span = { start: this.#at, end };
    this.tokens.push({ kind, span, text: this.#text.slice(span.start, span.end) });
    this.#at = end;
  }

  /** White space, line ends and continuations up to `end`; anything else is a continuation without a line behind it. */
  gap(end: number): void {
    while (this.#at < end) {
      const character = this.#text[this.#at]!;
      if (character === this.#escape) this.#push("continuation", this.#lineEnd(this.#at + 1, end));
      else if (character === "\n") this.#push("newline", this.#at + 1);
      else if (isSpace(character.charCodeAt(0))) this.#blank(end);
      else this.#push("continuation", end);
    }
  }

  /** Behind blanks and a line end; a line need not have one. */
  #lineEnd(from: number, end: number): number {
    let at = from;
    while (at < end && this.#text[at] !== "\n" && isSpace(this.#text.charCodeAt(at))) at++;
    return at < end && this.#text[at] === "\n" ? at + 1 : at;
  }

  #blank(end: number): void {
    let stop = this.#at;
    while (stop < end && this.#text[stop] !== "\n" && isSpace(this.#text.charCodeAt(stop))) stop++;
    let line = stop;
    while (this.#text[stop] === "\n" && line > this.#at && this.#text[line - 1] === "\r") line--;
    this.#push("whitespace", line);
    if (line < stop) this.#push("newline", stop + 1);
  }

  /** A piece, without the continuations, comments and empty lines in it. */
  piece({ kind, span }: Piece): void {
    this.gap(span.start);
    const isWhole =
      kind === "heredoc-body" || kind === "heredoc-end" || kind === "comment" || kind === "directive";
    while (!isWhole) {
      const newline = this.#text.indexOf("\n", this.#at);
      if (newline < 0 || newline >= span.end) break;
      const escape = this.#text.lastIndexOf(this.#escape, newline);
      this.#push(kind, escape);
      this.gap(newline + 1);
      this.#skipLines(span.end);
    }
    this.#push(kind, span.end);
  }

  /** Comments and empty lines between continued lines, and the next line's indentation. */
  #skipLines(end: number): void {
    for (;;) {
      let at = this.#at;
      while (at < end && isSpace(this.#text.charCodeAt(at))) at++;
      this.gap(at);
      if (this.#text[at] !== "#" || at >= end) return;
      const newline = this.#text.indexOf("\n", at);
      let stop = newline < 0 || newline > end ? end : newline;
      while (stop > at && isSpace(this.#text.charCodeAt(stop - 1))) stop--;
      this.#push("comment", stop);
    }
  }
}

/**
 * All pieces of a file in order. Their texts one behind the other are the file, their ranges cover every offset of
 * `tree.source.text` once; a byte-order mark, which has no offset, is a piece with an empty range.
 */
export function tokensOf(tree: DockerfileTree): readonly FileToken[] {
  const cutter = new Cutter(tree.source, tree.escape);
  if (tree.source.hasByteOrderMark)
    cutter.tokens.push({ kind: "bom", span: { start: 0, end: 0 }, text: "\uFEFF" });
  for (const piece of piecesOf(tree)) {
    // Comments within a word that goes over several lines came with the word.
    if (piece.span.start >= (cutter.tokens.at(-1)?.span.end ?? 0)) cutter.piece(piece);
  }
  cutter.gap(tree.source.text.length);
  return cutter.tokens;
}

/** The text of a parsed file, exactly as it was written. */
export function printTree(tree: DockerfileTree): string {
  return tokensOf(tree)
    .map(({ text }) => text)
    .join("");
}
