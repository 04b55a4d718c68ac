import { compileGlob } from "./glob.ts";

/**
 * True when `name` is what `pattern` describes, in the way of Go's filepath.Match: `*` and `?` stop at slashes,
 * `[a-z]` and `[^a-z]` are classes, a backslash takes the next character as it is.
 * @throws InputError `PATTERN_INVALID`
 */
export function matchGlob(pattern: string, name: string): boolean {
  return compileGlob(pattern, { doubleStar: false }).matches(name);
}

/** True when a pattern is more than a plain path. */
export function hasWildcards(pattern: string): boolean {
  return /[*?[\\]/.test(pattern);
}
