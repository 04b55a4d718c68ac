import { InputError } from "@slipway/oci";
import { cleanPath } from "../posix-path.ts";
import { compileGlob, type Glob } from "./glob.ts";

/** Tells what a list of patterns says about paths. Paths are relative and clean, with slashes: `a/b`. */
export interface PatternMatcher {
  /** No pattern at all: nothing matches. */
  readonly isEmpty: boolean;
  /** True when the last pattern that speaks of the path, or of a folder that it is in, is not a `!` one. */
  matches(path: string): boolean;
  /** False when nothing below the folder can match, so that a walk for matches may leave it out; `""` is the root. */
  mayMatchBelow(dir: string): boolean;
  /** False when everything below the folder matches, so that a walk for what is left may leave it out. */
  mayMissBelow(dir: string): boolean;
}

interface Rule {
  readonly glob: Glob;
  readonly negated: boolean;
}

/**
 * Compiles patterns with the meaning that they have in `.dockerignore`, and in BuildKit's include and exclude patterns:
 * Go's filepath.Match syntax and `**`; `!` takes back; the last one that matches wins; a pattern that matches a
 * folder matches everything in it. Surrounding blanks, leading slashes, empty patterns and `.` count for nothing.
 * @throws InputError `PATTERN_INVALID`
 * @see https://docs.docker.com/build/concepts/context/#dockerignore-files
 */
export function createPatternMatcher(patterns: readonly string[]): PatternMatcher {
  const rules = patterns.flatMap((pattern) => compileRule(pattern) ?? []);
  return new RuleMatcher(rules);
}

function compileRule(pattern: string): Rule | null {
  let text = pattern.trim();
  if (text === "") return null;
  const negated = text.startsWith("!");
  if (negated) {
    text = text.slice(1).trim();
    if (text === "") {
      throw new InputError("PATTERN_INVALID", '"!" alone is not a pattern', {
        hint: "Write what to take back behind the exclamation mark.",
      });
    }
  }
  const clean = cleanPath(text).replace(/^\//, "");
  // The root itself is never asked about.
  if (clean === "" || clean === ".") return null;
  return { glob: compileGlob(clean, { doubleStar: true }), negated };
}

class RuleMatcher implements PatternMatcher {
  readonly #rules: readonly Rule[];
  /** Which rules match the folder asked about last, or one that it is in: siblings ask for it again and again. */
  #lastDir = "";
  #lastHits: readonly boolean[];

  readonly #rootHits: readonly boolean[];

  constructor(rules: readonly Rule[]) {
    this.#rules = rules;
    this.#rootHits = rules.map(() => false);
    this.#lastHits = this.#rootHits;
  }

  get isEmpty(): boolean {
    return this.#rules.length === 0;
  }

  matches(path: string): boolean {
    const parentHits = this.#hits(parentOf(path));
    for (let i = this.#rules.length - 1; i >= 0; i--) {
      const { glob, negated } = this.#rules[i] as Rule;
      if (parentHits[i] || glob.matches(path)) return !negated;
    }
    return false;
  }

  mayMatchBelow(dir: string): boolean {
    return this.#verdictsBelow(dir).has(true);
  }

  mayMissBelow(dir: string): boolean {
    return this.#verdictsBelow(dir).has(false);
  }

  #verdictsBelow(dir: string): Set<boolean> {
    const hits = this.#hits(dir);
    const verdicts = new Set<boolean>();
    for (let i = this.#rules.length - 1; i >= 0; i--) {
      const { glob, negated } = this.#rules[i] as Rule;
      const below = hits[i] ? "all" : glob.below(dir);
      if (below === "none") continue;
      verdicts.add(!negated);
      if (below === "all") return verdicts;
    }
    return verdicts.add(false);
  }

  /** Which rules match a folder or one that it is in. */
  #hits(dir: string): readonly boolean[] {
    if (dir === "") return this.#rootHits;
    if (dir === this.#lastDir) return this.#lastHits;
    let hits = this.#rootHits;
    let known = "";
    if (this.#lastDir !== "" && dir.startsWith(`${this.#lastDir}/`)) {
      hits = this.#lastHits;
      known = this.#lastDir;
    }
    while (known !== dir) {
      const slash = dir.indexOf("/", known === "" ? 0 : known.length + 1);
      known = slash < 0 ? dir : dir.slice(0, slash);
      const path = known;
      hits = hits.map((hit, i) => hit || (this.#rules[i] as Rule).glob.matches(path));
    }
    this.#lastDir = dir;
    this.#lastHits = hits;
    return hits;
  }
}

function parentOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash < 0 ? "" : path.slice(0, slash);
}
