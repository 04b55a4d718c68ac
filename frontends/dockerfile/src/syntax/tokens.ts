import { createToken, Lexer, type TokenType } from "chevrotain";
import { BLANKS, isSpace, trimSpaceEnd, WORD_BLANKS } from "./white-space.ts";

/** A flag as the lexer read it. */
export interface FlagPayload {
  readonly name: string;
  readonly value?: string;
  /** Offset of the value from the start of the token. */
  readonly valueStart?: number;
}

/** A string of a JSON array; offsets count from the start of the token. */
export interface JsonItem {
  readonly value: string;
  readonly start: number;
  readonly end: number;
}

/**
 * An argument as the lexer read it: a word between white space, a word with quotes (and its text without what is
 * meaningless), the rest of the line, or a JSON array, which is `invalid` when it holds more than strings.
 */
export type ArgumentPayload =
  | { readonly kind: "word" }
  | { readonly kind: "shellWord"; readonly text: string }
  | { readonly kind: "text" }
  | { readonly kind: "json"; readonly items: readonly JsonItem[]; readonly invalid: boolean };

export interface DockerfileTokens {
  readonly all: TokenType[];
  readonly lineEnd: TokenType;
  readonly onbuild: TokenType;
  readonly keyword: TokenType;
  readonly flag: TokenType;
  readonly argument: TokenType;
  readonly lexer: Lexer;
}

const WORD = new RegExp(`[^${WORD_BLANKS}\\n]+`, "y");
const WORD_SPACE = new RegExp(`[${WORD_BLANKS}]+`, "y");
const SPACE = new RegExp(`[${BLANKS}]+`, "y");
const ONBUILD = new RegExp(`onbuild(?=[${WORD_BLANKS}\\n])`, "iy");

type Match = [string] & { payload?: unknown };
type Pattern = (text: string, offset: number) => Match | null;

function match(text: string, payload?: FlagPayload | ArgumentPayload): Match {
  const result: Match = [text];
  if (payload !== undefined) result.payload = payload;
  return result;
}

/** What an expression matches right at an offset; empty when it does not. */
function matchAt(expression: RegExp, text: string, offset: number): string {
  expression.lastIndex = offset;
  return expression.exec(text)?.[0] ?? "";
}

/** The rest of the line without the white space at its end; null when there is none. */
function restOfLine(text: string, offset: number, mayBeginWithSpace = false): string | null {
  const end = text.indexOf("\n", offset);
  const rest = trimSpaceEnd(text.slice(offset, end < 0 ? undefined : end));
  return rest === "" || (!mayBeginWithSpace && isSpace(rest.charCodeAt(0))) ? null : rest;
}

/** `--name`, `--name=value`; quotes group and a backslash escapes, whatever the file's escape character. */
function readFlag(text: string, offset: number): Match | null {
  if (!text.startsWith("--", offset)) return null;
  let quote = "";
  let value = "";
  let equals = -1;
  let at = offset;
  for (; at < text.length; at++) {
    let character = text[at]!;
    if (character === "\n" || (quote === "" && isSpace(text.charCodeAt(at)))) break;
    if (quote === "" ? character === '"' || character === "'" : character === quote) {
      quote = quote === "" ? character : "";
      continue;
    }
    if (character === "\\") {
      const next = text[at + 1];
      if (next === undefined || next === "\n") continue;
      character = next;
      at++;
    }
    if (character === "=" && equals < 0) equals = at + 1 - offset;
    value += character;
  }
  const written = text.slice(offset, at);
  const split = value.indexOf("=");
  const payload: FlagPayload =
    split < 0
      ? { name: value.slice(2) }
      : { name: value.slice(2, split), value: value.slice(split + 1), valueStart: equals };
  return match(written, payload);
}

function readJson(text: string, offset: number): Match | null {
  if (text[offset] !== "[") return null;
  const rest = restOfLine(text, offset);
  if (rest === null) return null;
  let values: unknown;
  try {
    values = JSON.parse(rest);
  } catch {
    return null;
  }
  if (!Array.isArray(values)) return null;
  if (!values.every((value) => typeof value === "string"))
    return match(rest, { kind: "json", items: [], invalid: true });
  const items: JsonItem[] = [];
  for (const found of rest.matchAll(/"(?:[^"\\]|\\.)*"/g)) {
    items.push({
      // Half a surrogate pair is no character; Go replaces it, too.
      value: (values[items.length] as string).toWellFormed(),
      start: found.index,
      end: found.index + found[0].length,
    });
  }
  return match(rest, { kind: "json", items, invalid: false });
}

/** A word of ENV, LABEL and ARG: ends at white space that is neither quoted nor escaped. Quotes stay. */
function readShellWord(text: string, offset: number, escape: string): Match | null {
  let quote = "";
  let value = "";
  let at = offset;
  for (; at < text.length; at++) {
    const character = text[at]!;
    if (character === "\n" || (quote === "" && isSpace(text.charCodeAt(at)))) break;
    if (character === escape && quote !== "'") {
      const next = text[at + 1];
      // An escape character at the very end stands for nothing.
      if (next === undefined || next === "\n") continue;
      value += character + next;
      at++;
      continue;
    }
    if (quote === "" ? character === '"' || character === "'" : character === quote)
      quote = quote === "" ? character : "";
    value += character;
  }
  return at === offset ? null : match(text.slice(offset, at), { kind: "shellWord", text: value });
}

/** How the arguments of an instruction are read. */
type Shape = "words" | "list" | "command" | "text" | "pairs" | "healthcheck";

const SHAPES: Readonly<Record<string, Shape>> = {
  from: "words",
  expose: "words",
  add: "list",
  copy: "list",
  volume: "list",
  run: "command",
  cmd: "command",
  entrypoint: "command",
  shell: "command",
  env: "pairs",
  label: "pairs",
  arg: "pairs",
  healthcheck: "healthcheck",
};

/**
 * Reads one line after the other: a keyword, its flags, then arguments in the shape that the keyword asks for. The
 * lexer asks its patterns in the order of the text, so they share what came before.
 */
class LineReader {
  readonly #escape: string;
  #shape: Shape = "text";
  /** What may come next; `first` is an argument behind which no flag may come. */
  #expects: "keyword" | "flag" | "first" | "more" = "keyword";
  /** True behind `--`. */
  #flagsEnded = false;
  /** How many ONBUILD stand in front. */
  #triggers = 0;

  constructor(escape: string) {
    this.#escape = escape;
  }

  readonly onbuild: Pattern = (text, offset) => {
    if (offset === 0) this.#reset();
    // The second one is a mistake; thousands of them would only fill the stack.
    if (this.#expects !== "keyword" || this.#triggers > 1) return null;
    const found = matchAt(ONBUILD, text, offset);
    if (found === "") return null;
    this.#triggers++;
    return match(found);
  };

  readonly keyword: Pattern = (text, offset) => {
    if (this.#expects !== "keyword") return null;
    const found = matchAt(WORD, text, offset);
    if (found === "") return null;
    const name = found.toLowerCase();
    this.#shape = Object.hasOwn(SHAPES, name) ? SHAPES[name]! : "text";
    this.#expects = "flag";
    this.#flagsEnded = false;
    return match(found);
  };

  readonly flag: Pattern = (text, offset) => {
    if (this.#expects !== "flag" || this.#flagsEnded) return null;
    const found = readFlag(text, offset);
    this.#flagsEnded = found?.[0] === "--";
    return found;
  };

  readonly argument: Pattern = (text, offset) => {
    if (this.#expects === "keyword") return null;
    // In front of the arguments and behind flags every kind of white space counts for nothing.
    if (this.#expects === "flag" && isSpace(text.charCodeAt(offset))) return null;
    const found = this.#argument(text, offset);
    if (found !== null)
      this.#expects = this.#expects === "flag" && this.#shape === "healthcheck" ? "first" : "more";
    return found;
  };

  readonly space: Pattern = (text, offset) => {
    // Between words of a list only the plain kinds of white space separate.
    const found = matchAt(this.#isInList ? WORD_SPACE : SPACE, text, offset);
    return found === "" ? null : match(found);
  };

  readonly lineEnd: Pattern = (text, offset) => {
    if (text[offset] !== "\n") return null;
    this.#reset();
    return match("\n");
  };

  get #isInList(): boolean {
    if (this.#expects === "first") return true;
    return this.#expects === "more" && (this.#shape === "words" || this.#shape === "list");
  }

  #reset(): void {
    this.#expects = "keyword";
    this.#triggers = 0;
  }

  #argument(text: string, offset: number): Match | null {
    if (this.#shape === "pairs") return readShellWord(text, offset, this.#escape);
    const isFirst = this.#expects !== "more";
    const isType = this.#shape === "healthcheck" && this.#expects === "flag";
    const mayBeJson = this.#shape !== "text" && this.#shape !== "words" && !isType;
    const json = isFirst && mayBeJson ? readJson(text, offset) : null;
    if (json !== null) return json;
    if (this.#shape === "words" || this.#shape === "list" || isType) {
      const word = matchAt(WORD, text, offset);
      return word === "" ? null : match(word, { kind: "word" });
    }
    if (this.#isInList && matchAt(WORD_SPACE, text, offset) === "") return this.#text(text, offset, true);
    return this.#text(text, offset);
  }

  #text(text: string, offset: number, mayBeginWithSpace = false): Match | null {
    const rest = restOfLine(text, offset, mayBeginWithSpace);
    return rest === null ? null : match(rest, { kind: "text" });
  }
}

/**
 * Makes the tokens and the lexer for one escape character. The lexer works on joined lines. It has one mode: Chevrotain's
 * start-up cost grows with modes and tokens more than with anything else.
 */
export function createTokens(
  escape: "\\" | "`",
  options: { readonly validate?: boolean } = {},
): DockerfileTokens {
  const line = new LineReader(escape);
  const token = (name: string, pattern: Pattern, more: Record<string, unknown> = {}): TokenType =>
    createToken({ name, pattern: pattern as never, line_breaks: false, ...more });
  const onbuild = token("Onbuild", line.onbuild);
  const keyword = token("Keyword", line.keyword);
  const flag = token("Flag", line.flag);
  const argument = token("Argument", line.argument);
  const lineEnd = token("LineEnd", line.lineEnd, { line_breaks: true });
  const space = token("Space", line.space, { group: Lexer.SKIPPED });

  const all = [onbuild, keyword, flag, argument, space, lineEnd];
  // Safe mode skips the analysis of the patterns, which could say nothing about functions.
  const lexer = new Lexer(all, {
    safeMode: true,
    skipValidations: options.validate !== true,
    positionTracking: "onlyOffset",
  });
  return { all, lineEnd, onbuild, keyword, flag, argument, lexer };
}
