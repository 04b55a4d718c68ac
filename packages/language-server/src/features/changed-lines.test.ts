import fc from "fast-check";
import { expect, test } from "vitest";
import { changedLines } from "./changed-lines.ts";

function apply(text: string, changes: ReturnType<typeof changedLines>): string {
  return changes.reduceRight(
    (result, { span, text: replacement }) =>
      result.slice(0, span.start) + replacement + result.slice(span.end),
    text,
  );
}

test("the changes make one text the other", () => {
  const texts = fc
    .array(fc.constantFrom("a", "b", "c", "", "\n", "\r\n"), { maxLength: 60 })
    .map((each) => each.join(""));
  fc.assert(
    fc.property(texts, texts, (before, after) => {
      expect(apply(before, changedLines(before, after))).toBe(after);
    }),
    { numRuns: 500 },
  );
});

test("lines that stay are in no change", () => {
  expect(changedLines("a\nb\nc\nd\n", "a\nB\nc\nd\ne\n")).toEqual([
    { span: { start: 2, end: 4 }, text: "B\n" },
    { span: { start: 8, end: 8 }, text: "e\n" },
  ]);
});
