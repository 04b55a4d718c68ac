import { PatternError, replacePattern, trimPattern } from "./shell-pattern.ts";

/** The value of a variable, or undefined when it is not set. */
export type Lookup = (name: string) => string | undefined;

export interface ExpandOptions {
  /** The file's escape character; a backslash when absent. */
  readonly escape?: "\\" | "`";
  /** Leaves quotes in the result. */
  readonly keepQuotes?: boolean;
  /** Leaves escape characters in the result. */
  readonly keepEscapes?: boolean;
  /** Quotes are ordinary characters. */
  readonly ignoreQuotes?: boolean;
  /** Leaves references to variables that are not set as they are written. */
  readonly keepUnset?: boolean;
  /** Leaves a byte-order mark at the start. */
  readonly keepMark?: boolean;
}

export interface Expansion {
  readonly text: string;
  /** The result split at white space that was not quoted. */
  readonly words: readonly string[];
  /** Names that were looked up and set. */
  readonly used: ReadonlySet<string>;
  /** Names that were looked up and not set. */
  readonly unset: ReadonlySet<string>;
}

/** Why a word cannot be expanded; `offset` is where in the word, in UTF-16 code units. */
export class ExpansionError extends Error {
  readonly offset: number;
  /** What to do about it, when it is not about how the word is written. */
  readonly hint: string | undefined;

  constructor(message: string, offset: number, options: { readonly hint?: string } = {}) {
    super(message);
    this.name = "ExpansionError";
    this.offset = offset;
    this.hint = options.hint;
  }
}

/** The longest result of one expansion, in UTF-16 code units: eight times what Linux takes as one argument of a process. */
export const MAX_EXPANSION_LENGTH = 1 << 20;

const SPECIAL_PARAMETERS = "@*#?-$!0";
const SPACE = /[\s\u0085]/;

// Expressions with Unicode classes take milliseconds to compile: they are kept for the names that need them.
function isDigit(character: string): boolean {
  return character <= "\u007f" ? character >= "0" && character <= "9" : /^\p{Nd}$/u.test(character);
}

function isNamePart(character: string): boolean {
  if (character > "\u007f") return /^[\p{L}\p{Nd}]$/u.test(character);
  return (
    (character >= "a" && character <= "z") ||
    (character >= "A" && character <= "Z") ||
    character === "_" ||
    isDigit(character)
  );
}

class Words {
  readonly list: string[] = [];
  #word = "";

  add(text: string, splits: boolean): void {
    if (!splits) {
      this.#word += text;
      return;
    }
    for (const character of text) {
      if (SPACE.test(character)) this.flush();
      else this.#word += character;
    }
  }

  flush(): void {
    if (this.#word !== "") this.list.push(this.#word);
    this.#word = "";
  }
}

class Expander {
  readonly used = new Set<string>();
  readonly unset = new Set<string>();
  readonly #source: string;
  readonly #lookup: Lookup;
  readonly #escape: string;
  readonly #options: ExpandOptions;
  #at: number;
  #depth = 0;

  constructor(source: string, lookup: Lookup, options: ExpandOptions) {
    this.#source = source;
    this.#lookup = lookup;
    this.#escape = options.escape ?? "\\";
    this.#options = options;
    // Go's scanner takes a byte-order mark at the start of a word off.
    this.#at = source.startsWith("\ufeff") && options.keepMark !== true ? 1 : 0;
  }

  /** Expands up to the end, or up to and without `stop`. */
  until(stop: string | undefined, keepEscapes: boolean, words?: Words): string {
    const from = this.#at;
    // Deeper than any person writes, and shallow enough for the stack.
    if (++this.#depth > 200) throw new ExpansionError("substitutions are nested too deeply", from);
    let text = "";
    for (;;) {
      const character = this.#peek();
      if (character === "") break;
      if (character === stop) {
        this.#at += character.length;
        this.#depth--;
        return text;
      }
      if (character === "$") {
        const start = this.#at;
        const value = this.#dollar(keepEscapes);
        this.#checkLength(text.length + value.length, start);
        text += value;
        words?.add(value, true);
      } else if (!this.#options.ignoreQuotes && (character === "'" || character === '"')) {
        const start = this.#at;
        const value = character === "'" ? this.#singleQuoted() : this.#doubleQuoted(keepEscapes);
        if (value.length > this.#at - start) this.#checkLength(text.length + value.length, start);
        text += value;
        words?.add(value, false);
      } else {
        this.#at += character.length;
        if (character !== this.#escape) {
          text += character;
          words?.add(character, true);
          continue;
        }
        if (keepEscapes) {
          text += character;
          words?.add(character, false);
        }
        const escaped = this.#peek();
        if (escaped === "") break;
        this.#at += escaped.length;
        text += escaped;
        words?.add(escaped, false);
      }
    }
    if (stop !== undefined) throw new ExpansionError(`there is no closing "${stop}"`, Math.max(0, from - 1));
    words?.flush();
    this.#depth--;
    return text;
  }

  /** Variables that double each other in every line would fill the memory. */
  #checkLength(length: number, start: number): void {
    if (length <= MAX_EXPANSION_LENGTH) return;
    throw new ExpansionError(`the value gets longer than ${MAX_EXPANSION_LENGTH} characters`, start, {
      hint: "Put long values into a file, and look for variables that double each other.",
    });
  }

  #peek(): string {
    const code = this.#source.codePointAt(this.#at);
    return code === undefined ? "" : String.fromCodePoint(code);
  }

  #singleQuoted(): string {
    const start = this.#at;
    const end = this.#source.indexOf("'", start + 1);
    if (end < 0) throw new ExpansionError("there is no matching single quote", start);
    this.#at = end + 1;
    return this.#options.keepQuotes ? this.#source.slice(start, end + 1) : this.#source.slice(start + 1, end);
  }

  #doubleQuoted(keepEscapes: boolean): string {
    const start = this.#at++;
    let text = this.#options.keepQuotes ? '"' : "";
    for (;;) {
      const character = this.#peek();
      if (character === "") throw new ExpansionError("there is no matching double quote", start);
      if (character === "$") {
        const at = this.#at;
        const value = this.#dollar(keepEscapes);
        this.#checkLength(text.length + value.length, at);
        text += value;
        continue;
      }
      this.#at += character.length;
      if (character === '"') return this.#options.keepQuotes ? text + character : text;
      if (character !== this.#escape) {
        text += character;
        continue;
      }
      if (keepEscapes) text += character;
      const next = this.#peek();
      if (next === "") continue;
      // Before anything else the escape character stands for itself.
      if (next === '"' || next === "$" || next === this.#escape) {
        this.#at += next.length;
        text += next;
      } else {
        text += character;
      }
    }
  }

  #name(): string {
    const start = this.#at;
    const first = this.#peek();
    if (isDigit(first)) while (isDigit(this.#peek())) this.#at += this.#peek().length;
    else if (first !== "" && SPECIAL_PARAMETERS.includes(first)) this.#at++;
    else while (isNamePart(this.#peek())) this.#at += this.#peek().length;
    return this.#source.slice(start, this.#at);
  }

  #get(name: string): string | undefined {
    const value = this.#lookup(name);
    (value === undefined ? this.unset : this.used).add(name);
    return value;
  }

  #dollar(keepEscapes: boolean): string {
    const start = this.#at++;
    if (this.#peek() !== "{") {
      const name = this.#name();
      if (name === "") return "$";
      const value = this.#get(name);
      return value ?? (this.#options.keepUnset ? `$${name}` : "");
    }
    this.#at++;
    const next = this.#peek();
    if (next === "") throw new ExpansionError('there is no closing "}"', start);
    if (next === "{" || next === "}" || next === ":")
      throw new ExpansionError("bad substitution", start, {
        hint: "Write a name between the braces: ${NAME}.",
      });
    const name = this.#name();
    return this.#modified(start, name, keepEscapes);
  }

  #modified(start: number, name: string, keepEscapes: boolean): string {
    let operator = this.#peek();
    this.#at += operator.length;
    if (operator === "}") {
      const value = this.#get(name);
      return value ?? (this.#options.keepUnset ? `\${${name}}` : "");
    }
    if (operator === "/") return this.#replaced(start, name);
    const colon = operator === ":" ? ":" : "";
    if (colon) {
      operator = this.#peek();
      this.#at += operator.length;
    }
    if (operator === "" || operator === "\n") throw new ExpansionError('there is no closing "}"', start);
    const written = colon + operator;
    if (!"+-?#%".includes(operator) || (colon && (operator === "#" || operator === "%"))) {
      throw new ExpansionError(`"${written}" is not a modifier that substitutions know`, start, {
        hint: "They know :- - :+ + :? ? # ## % %% / and //. For a default write ${NAME:-default}.",
      });
    }
    const isPattern = operator === "#" || operator === "%";
    let word = this.#inner("}", isPattern ? true : keepEscapes, start);
    const value = this.#get(name);
    if (value === undefined && this.#options.keepUnset) return `\${${name}${written}${word}}`;
    const isMissing = value === undefined || (colon !== "" && value === "");
    if (operator === "-") return isMissing ? word : (value ?? "");
    if (operator === "+") return isMissing ? "" : word;
    if (operator === "?") {
      if (!isMissing) return value ?? "";
      const why = word !== "" ? word : `is not allowed to be ${value === undefined ? "unset" : "empty"}`;
      throw new ExpansionError(`${name}: ${why}`, start, {
        hint: `Give ${name} a value: declare it with ARG and pass --build-arg ${name}=value, or set it with ENV.`,
      });
    }
    const greedy = word.startsWith(operator);
    if (greedy) word = word.slice(1);
    return this.#pattern(start, word, () =>
      trimPattern(value ?? "", word, { fromEnd: operator === "%", greedy }),
    );
  }

  #replaced(start: number, name: string): string {
    const all = this.#peek() === "/";
    if (all) this.#at++;
    const pattern = this.#inner("/", true, start);
    const replacement = this.#inner("}", true, start);
    const value = this.#get(name);
    if (value === undefined && this.#options.keepUnset)
      return `\${${name}/${all ? "/" : ""}${pattern}/${replacement}}`;
    return this.#pattern(start, pattern, () => replacePattern(value ?? "", pattern, { replacement, all }));
  }

  #inner(stop: string, keepEscapes: boolean, start: number): string {
    try {
      return this.until(stop, keepEscapes);
    } catch (error) {
      if (error instanceof ExpansionError && this.#peek() === "") {
        throw new ExpansionError(`there is no closing "${stop}"`, start);
      }
      throw error;
    }
  }

  #pattern(start: number, pattern: string, apply: () => string): string {
    try {
      return apply();
    } catch (error) {
      if (error instanceof PatternError)
        throw new ExpansionError(`"${pattern}" is not a pattern: ${error.message}`, start);
      // What replaces each character may itself be long: V8 has no strings of that size.
      if (error instanceof RangeError) this.#checkLength(Infinity, start);
      throw error;
    }
  }
}

/**
 * Replaces variables and takes off quotes as Docker's shell lexer does: `$x ${x}` and the modifiers
 * `:- - :+ + :? ? # ## % %% / //`. Variables that are not set are empty.
 * @throws ExpansionError
 * @see Dockerfile reference, "Environment replacement"
 */
export function expandText(source: string, lookup: Lookup, options: ExpandOptions = {}): Expansion {
  const expander = new Expander(source, lookup, options);
  const words = new Words();
  const text = expander.until(undefined, options.keepEscapes ?? false, words);
  return { text, words: words.list, used: expander.used, unset: expander.unset };
}
