export { createPatternMatcher, type PatternMatcher } from "./pattern-matcher.ts";
export { hasWildcards, matchGlob } from "./match-glob.ts";
