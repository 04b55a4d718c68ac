import { InputError } from "@slipway/oci";
import { runes } from "./runes.ts";

const SLASH = 0x2f;

/** One element of a compiled pattern. */
type Token =
  | { readonly kind: "literal"; readonly rune: number }
  /** `?`: one rune but a slash. */
  | { readonly kind: "any" }
  /** `*`: any number of runes but slashes. */
  | { readonly kind: "star" }
  /** `[…]` */
  | {
      readonly kind: "class";
      readonly negated: boolean;
      readonly ranges: readonly (readonly [lo: number, hi: number])[];
    }
  /** `**` at the end: everything. */
  | { readonly kind: "rest" }
  /** `**` before more: nothing, or anything that ends in a slash. */
  | { readonly kind: "folders" };

/** A compiled pattern. Matching takes time in proportion to pattern times path, whatever the pattern. */
export interface Glob {
  matches(path: string): boolean;
  /**
   * What the pattern says about the paths strictly below a folder (`""` is the root): it matches all of them, maybe
   * some, or none.
   */
  below(dir: string): "all" | "some" | "none";
}

/**
 * Compiles a pattern in Go's filepath.Match syntax. With `doubleStar`, `**` means any number of folders, in the way
 * of moby/patternmatcher; without, it is the same as `*`.
 * @throws InputError `PATTERN_INVALID`
 */
export function compileGlob(pattern: string, { doubleStar }: { doubleStar: boolean }): Glob {
  const tokens = tokenize(pattern, doubleStar);
  return literalGlob(tokens) ?? new TokenGlob(tokens);
}

/** Most patterns of real ignore files are plain paths. */
function literalGlob(tokens: readonly Token[]): Glob | null {
  let text = "";
  for (const token of tokens) {
    // Beyond ASCII a byte string and a plain one may spell the same path.
    if (token.kind !== "literal" || token.rune > 0x7f) return null;
    text += String.fromCharCode(token.rune);
  }
  return {
    matches: (path) => path === text,
    below: (dir) => (dir === "" || text.startsWith(`${dir}/`) ? "some" : "none"),
  };
}

/** Runs all ways to match at once, so that no pattern can make it slow. */
class TokenGlob implements Glob {
  readonly #tokens: readonly Token[];
  /** ASCII text that every match begins and ends with: a cheap first look. */
  readonly #prefix: string;
  readonly #suffix: string;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
    this.#prefix = literalRun(tokens);
    this.#suffix = [...literalRun(tokens.toReversed())].reverse().join("");
  }

  matches(path: string): boolean {
    if (!path.startsWith(this.#prefix) || !path.endsWith(this.#suffix)) return false;
    return this.#run(runes(path)).has(this.#tokens.length);
  }

  below(dir: string): "all" | "some" | "none" {
    const shared = Math.min(dir.length, this.#prefix.length);
    if (dir.slice(0, shared) !== this.#prefix.slice(0, shared)) return "none";
    const states = this.#run(dir === "" ? [] : [...runes(dir), SLASH]);
    // A path below needs at least one more rune, so a state at the very end leads nowhere.
    states.delete(this.#tokens.length);
    const last = this.#tokens.length - 1;
    if (states.has(last) && this.#tokens[last]?.kind === "rest") return "all";
    return states.size > 0 ? "some" : "none";
  }

  /** The positions in the pattern at which the input may have ended. */
  #run(input: readonly number[]): Set<number> {
    let states = this.#closure([0]);
    for (const rune of input) {
      if (states.size === 0) break;
      const next: number[] = [];
      for (const state of states) this.#step(state, rune, next);
      states = this.#closure(next);
    }
    return states;
  }

  #step(state: number, rune: number, next: number[]): void {
    // Half positions stand for the inside of a `**` that has begun to eat.
    const token = this.#tokens[Math.floor(state)];
    if (!token) return;
    switch (token.kind) {
      case "literal":
        if (token.rune === rune) next.push(state + 1);
        return;
      case "any":
        if (rune !== SLASH) next.push(state + 1);
        return;
      case "star":
        if (rune !== SLASH) next.push(state);
        return;
      case "class":
        if (token.ranges.some(([lo, hi]) => lo <= rune && rune <= hi) !== token.negated) next.push(state + 1);
        return;
      case "rest":
        next.push(state);
        return;
      case "folders":
        next.push(Math.floor(state) + 0.5);
        if (rune === SLASH) next.push(Math.floor(state) + 1);
        return;
    }
  }

  /** Adds what can be reached without eating a rune. */
  #closure(seeds: readonly number[]): Set<number> {
    const states = new Set<number>();
    for (let state of seeds) {
      while (!states.has(state)) {
        states.add(state);
        if (!Number.isInteger(state)) break;
        const kind = this.#tokens[state]?.kind;
        if (kind !== "star" && kind !== "rest" && kind !== "folders") break;
        state++;
      }
    }
    return states;
  }
}

function literalRun(tokens: readonly Token[]): string {
  let text = "";
  for (const token of tokens) {
    if (token.kind !== "literal" || token.rune > 0x7f) break;
    text += String.fromCharCode(token.rune);
  }
  return text;
}

function tokenize(pattern: string, doubleStar: boolean): Token[] {
  const points = runes(pattern);
  const tokens: Token[] = [];
  let i = 0;
  const escaped = (): number => {
    if (points[i] === 0x5c) i++;
    const rune = points[i++];
    if (rune === undefined) invalid(pattern, "it ends in a backslash or in an open bracket");
    return rune;
  };
  while (i < points.length) {
    const rune = points[i++] as number;
    switch (rune) {
      case 0x2a:
        if (doubleStar && points[i] === 0x2a) {
          i++;
          const isFirst = tokens.length === 0;
          const atSlash = points[i] === SLASH;
          if (atSlash) i++;
          if (i >= points.length) tokens.push({ kind: "rest" });
          // `**.txt`, at the very beginning and before nothing but text, may begin in the middle of a name.
          else if (isFirst && !atSlash && !hasSpecials(points.slice(i))) tokens.push({ kind: "rest" });
          else tokens.push({ kind: "folders" });
        } else tokens.push({ kind: "star" });
        break;
      case 0x3f:
        tokens.push({ kind: "any" });
        break;
      case 0x5b: {
        const negated = points[i] === 0x5e;
        if (negated) i++;
        const ranges: [number, number][] = [];
        while (points[i] !== 0x5d || ranges.length === 0) {
          if (points[i] === 0x5d || points[i] === 0x2d)
            invalid(pattern, "a bracket holds nothing, or a range without a start");
          const lo = escaped();
          let hi = lo;
          if (points[i] === 0x2d) {
            i++;
            if (points[i] === 0x5d || points[i] === 0x2d) invalid(pattern, "a range has no end");
            hi = escaped();
          }
          ranges.push([lo, hi]);
        }
        i++;
        tokens.push({ kind: "class", negated, ranges });
        break;
      }
      case 0x5c:
        i--;
        tokens.push({ kind: "literal", rune: escaped() });
        break;
      default:
        tokens.push({ kind: "literal", rune });
    }
  }
  return tokens;
}

function hasSpecials(points: readonly number[]): boolean {
  return points.some(
    (rune) => rune === 0x2a || rune === 0x3f || rune === 0x5b || rune === 0x5d || rune === 0x5c,
  );
}

function invalid(pattern: string, why: string): never {
  throw new InputError("PATTERN_INVALID", `"${pattern}" is not a pattern: ${why}`, {
    hint: "Put a backslash before *, ?, [ and \\ to mean the character itself.",
  });
}
