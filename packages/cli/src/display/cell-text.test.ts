import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cellWidth, cutToCells, printableLine } from "./cell-text.ts";

describe("text in cells", () => {
  test.each([
    ["abc", 3],
    ["日本", 4],
    ["é", 1],
    ["e\u0301", 1],
    ["한글", 4],
    ["👍", 2],
    ["a\u200bb", 2],
    ["✓ …", 3],
  ])("%s takes its cells", (text, cells) => {
    expect(cellWidth(text)).toBe(cells);
  });

  test("what is cut off fits, is a start of the text, and is as long as it can be", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom("a", "日", "e\u0301", "👍", " ") }),
        fc.integer({ min: 0, max: 20 }),
        (text, cells) => {
          const cut = cutToCells(text, cells);
          expect(text.startsWith(cut)).toBe(true);
          expect(cellWidth(cut)).toBeLessThanOrEqual(cells);
          const next = [...text.slice(cut.length)][0];
          if (next !== undefined) expect(cellWidth(cut + next)).toBeGreaterThan(cells);
        },
      ),
    );
  });

  test("whatever a process writes, no control character is left", () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom(
            "\x1b",
            "[",
            "]",
            "2",
            ";",
            "m",
            "J",
            "\x07",
            "\r",
            "\t",
            "a",
            "\x9b",
            "\x00",
            "\u202e",
          ),
        }),
        (text) => {
          expect(printableLine(text)).toMatch(/^[^\x00-\x1f\x7f-\x9f\u202e]*$/);
        },
      ),
    );
  });

  test.each([
    ["\x1b[1;31mred\x1b[0m", "red"],
    ["\x1b]8;;https://example.com\x1b\\link\x1b]8;;\x1b\\", "link"],
    ["10%\r20%\r", "20%"],
    ["a\tb", "a    b"],
    ["\x1b(Bplain", "plain"],
  ])("%j is shown as %j", (text, shown) => {
    expect(printableLine(text)).toBe(shown);
  });
});
