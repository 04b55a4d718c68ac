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

/**
 * Runs all ways to match at once, so that no pattern can make it slow. A position is twice the number of tokens that
 * are matched; an odd one is inside of a `**` that has begun to eat.
 */
class TokenGlob implements Glob {
  readonly #tokens: readonly Token[];
  /** ASCII text that every match begins with, ends with and holds: a cheap first look. */
  readonly #prefix: string;
  readonly #suffix: string;
  readonly #infix: string;
  /** The step at which a position was reached last. */
  readonly #reachedAt: Uint32Array;
  #step = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
    const runs = literalRuns(tokens);
    this.#prefix = runs[0] ?? "";
    this.#suffix = runs.at(-1) ?? "";
    this.#infix = runs.reduce((longest, run) => (run.length > longest.length ? run : longest), "");
    this.#reachedAt = new Uint32Array(2 * tokens.length + 1);
  }

  matches(path: string): boolean {
    if (!path.startsWith(this.#prefix) || !path.endsWith(this.#suffix) || !path.includes(this.#infix))
      return false;
    return this.#run(runes(path)).includes(2 * this.#tokens.length);
  }

  below(dir: string): "all" | "some" | "none" {
    const shared = Math.min(dir.length, this.#prefix.length);
    if (dir.slice(0, shared) !== this.#prefix.slice(0, shared)) return "none";
    const positions = this.#run(dir === "" ? [] : [...runes(dir), SLASH]);
    const last = this.#tokens.length - 1;
    if (this.#tokens[last]?.kind === "rest" && positions.includes(2 * last)) return "all";
    // A path below needs at least one more rune, so the position at the very end leads nowhere.
    return positions.some((position) => position < 2 * this.#tokens.length) ? "some" : "none";
  }

  /** The positions in the pattern at which the input may have ended. */
  #run(input: readonly number[]): number[] {
    let positions: number[] = [];
    this.#nextStep();
    this.#reach(0, positions);
    for (const rune of input) {
      if (positions.length === 0) break;
      const next: number[] = [];
      this.#nextStep();
      for (const position of positions) this.#eat(position, rune, next);
      positions = next;
    }
    return positions;
  }

  #nextStep(): void {
    if (this.#step === 0xffff_ffff) {
      this.#reachedAt.fill(0);
      this.#step = 0;
    }
    this.#step++;
  }

  #eat(position: number, rune: number, next: number[]): void {
    const token = this.#tokens[position >> 1];
    if (!token) return;
    switch (token.kind) {
      case "literal":
        if (token.rune === rune) this.#reach(position + 2, next);
        return;
      case "any":
        if (rune !== SLASH) this.#reach(position + 2, next);
        return;
      case "star":
        if (rune !== SLASH) this.#reach(position, next);
        return;
      case "class":
        if (token.ranges.some(([lo, hi]) => lo <= rune && rune <= hi) !== token.negated)
          this.#reach(position + 2, next);
        return;
      case "rest":
        this.#reach(position, next);
        return;
      case "folders":
        this.#reach(position | 1, next);
        if (rune === SLASH) this.#reach((position | 1) + 1, next);
        return;
    }
  }

  /** Adds a position and what can be reached from it without eating a rune. */
  #reach(position: number, next: number[]): void {
    while (this.#reachedAt[position] !== this.#step) {
      this.#reachedAt[position] = this.#step;
      next.push(position);
      if (position % 2 === 1) return;
      const kind = this.#tokens[position >> 1]?.kind;
      if (kind !== "star" && kind !== "rest" && kind !== "folders") return;
      position += 2;
    }
  }
}

/** The texts between the other tokens, the first and the last being at the ends; beyond ASCII nothing is text. */
function literalRuns(tokens: readonly Token[]): string[] {
  const runs = [""];
  for (const token of tokens) {
    if (token.kind === "literal" && token.rune <= 0x7f)
      runs[runs.length - 1] += String.fromCharCode(token.rune);
    else runs.push("");
  }
  return runs;
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
