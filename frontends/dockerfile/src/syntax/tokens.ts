import { createToken, Lexer, type TokenType } from "chevrotain";

/** A JSON array as the lexer read it; offsets count from the start of the token. */
export interface JsonPayload {
  readonly items: readonly { readonly value: string; readonly start: number; readonly end: number }[];
  readonly invalid: boolean;
}

export interface FlagPayload {
  readonly name: string;
  readonly value?: string;
  /** Offset of the value from the start of the token. */
  readonly valueStart?: number;
}

export interface DockerfileTokens {
  readonly all: TokenType[];
  readonly lineEnd: TokenType;
  readonly onbuild: TokenType;
  readonly keyword: TokenType;
  readonly flag: TokenType;
  readonly argument: TokenType;
  readonly json: TokenType;
  readonly lexer: Lexer;
}

type Matched = readonly { readonly tokenType: TokenType }[];
type Match = [string] & { payload?: unknown };
type Pattern = (text: string, offset: number, matched: Matched) => Match | null;

function match(text: string, payload?: unknown): Match {
  const result: Match = [text];
  if (payload !== undefined) result.payload = payload;
  return result;
}

function sticky(expression: RegExp): Pattern {
  return (text, offset) => {
    expression.lastIndex = offset;
    const found = expression.exec(text);
    return found === null || found[0] === "" ? null : match(found[0]);
  };
}

/** The rest of the line without the white space at its end; null when there is none. */
function restOfLine(text: string, offset: number): string | null {
  const end = text.indexOf("\n", offset);
  const rest = text.slice(offset, end < 0 ? undefined : end).trimEnd();
  return rest === "" || /^\s/.test(rest) ? null : rest;
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
    if (character === "\n" || (quote === "" && /\s/.test(character))) break;
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
  const written = text.slice(offset, at).trimEnd();
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
    return match(rest, { items: [], invalid: true } satisfies JsonPayload);
  const items: { value: string; start: number; end: number }[] = [];
  for (const found of rest.matchAll(/"(?:[^"\\]|\\.)*"/g)) {
    items.push({
      value: values[items.length] as string,
      start: found.index,
      end: found.index + found[0].length,
    });
  }
  return match(rest, { items, invalid: false } satisfies JsonPayload);
}

/** A word of ENV, LABEL and ARG: ends at white space that is neither quoted nor escaped. Quotes stay. */
function readShellWord(escape: string): Pattern {
  return (text, offset) => {
    let quote = "";
    let value = "";
    let at = offset;
    for (; at < text.length; at++) {
      const character = text[at]!;
      if (character === "\n" || (quote === "" && /[\s\u0085]/.test(character))) break;
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
    return at === offset ? null : match(text.slice(offset, at).trimEnd(), value.trimEnd());
  };
}

const SHAPES = {
  words: /(?:from|expose)(?=\s)/iy,
  list: /(?:add|copy|volume)(?=\s)/iy,
  command: /(?:run|cmd|entrypoint|shell)(?=\s)/iy,
  text: /(?:maintainer|stopsignal|user|workdir)(?=\s)/iy,
  pairs: /(?:env|label|arg)(?=\s)/iy,
  healthcheck: /healthcheck(?=\s)/iy,
} as const;

/**
 * Makes the tokens and the lexer for one escape character. The lexer works on joined lines: a mode for keywords, and
 * one for each shape of arguments, which the keyword selects.
 */
export function createTokens(
  escape: "\\" | "`",
  options: { readonly validate?: boolean } = {},
): DockerfileTokens {
  const keyword = createToken({ name: "Keyword", pattern: Lexer.NA });
  const argument = createToken({ name: "Argument", pattern: Lexer.NA });
  const lineEnd = createToken({ name: "LineEnd", pattern: Lexer.NA });
  const token = (name: string, pattern: Pattern, more: Record<string, unknown> = {}): TokenType =>
    createToken({ name, pattern: pattern as never, line_breaks: false, ...more });

  const onbuild = token("Onbuild", sticky(/onbuild(?=\s)/iy));
  const keywords = Object.entries(SHAPES).map(([mode, expression]) =>
    token(`${mode}Keyword`, sticky(expression), { push_mode: mode, categories: [keyword] }),
  );
  const unknown = token("OtherKeyword", sticky(/[^\s\u0085]+/y), {
    push_mode: "text",
    categories: [keyword],
  });
  keywords.push(unknown);
  const heads = new Set([...keywords, onbuild]);
  const follows =
    (pattern: Pattern, after: ReadonlySet<TokenType>): Pattern =>
    (text, offset, matched) => {
      const last = matched.at(-1);
      return last !== undefined && after.has(last.tokenType) ? pattern(text, offset, matched) : null;
    };

  const flag = token("Flag", (text, offset, matched) => follows(readFlag, flagHeads)(text, offset, matched));
  const flagHeads = new Set([...heads, flag]);
  const healthType = token("HealthcheckType", follows(sticky(/\S+/y), flagHeads), { categories: [argument] });
  const argumentHeads = new Set([...flagHeads, healthType]);
  const json = token("JsonArray", follows(readJson, argumentHeads), { categories: [argument] });
  const text = token(
    "Text",
    (input, offset) => {
      const rest = restOfLine(input, offset);
      return rest === null ? null : match(rest);
    },
    { categories: [argument] },
  );
  const word = token("Word", sticky(/[^\t\v\f\r \n]+/y), { categories: [argument] });
  const shellWord = token("ShellWord", readShellWord(escape), { categories: [argument] });
  const space = token("Space", sticky(/(?:[^\S\n]|\u0085)+/y), { group: Lexer.SKIPPED });
  const keywordEnd = token("KeywordEnd", sticky(/\n/y), { line_breaks: true, categories: [lineEnd] });
  const end = token("ArgumentsEnd", sticky(/\n/y), {
    line_breaks: true,
    pop_mode: true,
    categories: [lineEnd],
  });

  const modes = {
    keyword: [flag, onbuild, ...keywords, space, keywordEnd],
    words: [flag, word, space, end],
    list: [flag, json, word, space, end],
    command: [flag, json, text, space, end],
    text: [flag, text, space, end],
    pairs: [flag, shellWord, space, end],
    healthcheck: [flag, healthType, json, text, space, end],
  };
  // Safe mode skips the analysis of patterns, which costs more at start than it gains with six patterns to a mode.
  const lexer = new Lexer(
    { modes, defaultMode: "keyword" },
    { safeMode: true, skipValidations: options.validate !== true, positionTracking: "onlyOffset" },
  );
  const all = [
    keyword,
    argument,
    lineEnd,
    onbuild,
    ...keywords,
    flag,
    healthType,
    json,
    text,
    word,
    shellWord,
    space,
    keywordEnd,
    end,
  ];
  return { all, lineEnd, onbuild, keyword, flag, argument, json, lexer };
}
