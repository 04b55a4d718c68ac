import fc from "fast-check";
import { expect, test } from "vitest";
import { PatternError, replacePattern, trimPattern } from "./shell-pattern.ts";

/** The same pattern as a regular expression: slow on evil patterns, but surely right. */
function expression(
  pattern: string,
  options: { greedy: boolean; before?: string; after?: string; flags?: string },
): RegExp {
  const star = options.greedy ? ".*" : ".*?";
  const source = pattern.replace(
    /\\(.)|([*?])|([[\]{}.+()|^$/])/g,
    (_, escaped: string, wild: string, special: string) => {
      if (wild !== undefined) return wild === "*" ? star : ".";
      return `\\${escaped ?? special}`;
    },
  );
  return new RegExp(`${options.before ?? ""}${source}${options.after ?? ""}`, options.flags);
}

const value = fc.string({ unit: fc.constantFrom("a", "b", "c", ".", "\n", "*"), maxLength: 12 });
const pattern = fc
  .array(fc.constantFrom("a", "b", ".", "*", "?", "\\*", "\\?"), { maxLength: 6 })
  .map((pieces) => pieces.join(""));

test("# and ## cut what a regular expression matches at the start", () => {
  fc.assert(
    fc.property(value, pattern, fc.boolean(), (text, shell, greedy) => {
      const match = expression(shell, { greedy, before: "^" }).exec(text);
      expect(trimPattern(text, shell, { fromEnd: false, greedy })).toBe(text.slice(match?.[0].length ?? 0));
    }),
    { numRuns: 1000 },
  );
});

test("% and %% cut the shortest and the longest end that matches", () => {
  fc.assert(
    fc.property(value, pattern, fc.boolean(), (text, shell, greedy) => {
      const whole = expression(shell, { greedy, before: "^", after: "$" });
      const cuts = Array.from({ length: text.length + 1 }, (_, length) => length).filter((length) =>
        whole.test(text.slice(text.length - length)),
      );
      const length = (greedy ? cuts.at(-1) : cuts[0]) ?? 0;
      expect(trimPattern(text, shell, { fromEnd: true, greedy })).toBe(text.slice(0, text.length - length));
    }),
    { numRuns: 1000 },
  );
});

test("/ replaces the first match, // all of them", () => {
  fc.assert(
    fc.property(value, pattern, (text, shell) => {
      const first = text.replace(expression(shell, { greedy: true }), () => "<$&>");
      expect(replacePattern(text, shell, { replacement: "<$&>", all: false })).toBe(first);
      // Expressions find nothing once more right behind a match; Go and we do not.
      fc.pre(!/^\**$/.test(shell));
      const every = text.replace(expression(shell, { greedy: true, flags: "g" }), () => "<$&>");
      expect(replacePattern(text, shell, { replacement: "<$&>", all: true })).toBe(every);
    }),
    { numRuns: 1000 },
  );
});

test("a backslash before anything ordinary is an error", () => {
  expect(() => trimPattern("a", "\\a", { fromEnd: false, greedy: false })).toThrow(PatternError);
  expect(() => trimPattern("a", "a\\", { fromEnd: true, greedy: false })).toThrow('"\\" is not an escape');
});

test("a long text that matches nowhere is looked at once", () => {
  const text = "a".repeat(1_000_000);
  const startedMs = performance.now();
  expect(replacePattern(text, "*a*a*a*b", { replacement: "", all: true })).toBe(text);
  expect(replacePattern(text, "a?*?ab", { replacement: "", all: false })).toBe(text);
  // Trying each place for itself took hours.
  expect(performance.now() - startedMs).toBeLessThan(20_000);
});

test("two texts that are both too long to compare are an error", () => {
  const long = "a".repeat(500_000);
  expect(() => replacePattern(long, long, { replacement: "", all: true })).toThrow(PatternError);
  expect(() => trimPattern(long, long, { fromEnd: true, greedy: true })).toThrow(PatternError);
});
