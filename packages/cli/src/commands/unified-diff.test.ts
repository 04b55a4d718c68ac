import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { requires } from "@slipway/testing";
import fc from "fast-check";
import { expect, test } from "vitest";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { unifiedDiff } from "./unified-diff.ts";

const numbers = (from: number, to: number): string =>
  Array.from({ length: to - from + 1 }, (_, index) => `${from + index}\n`).join("");

test("changes come with three lines around them, and near ones together", () => {
  const before = numbers(1, 30);
  const after = before.replace("\n5\n", "\nfive\n").replace("\n9\n", "\n").replace("\n25\n", "\n25\n25.5\n");
  expect(unifiedDiff("x", before, after)).toBe(
    "--- x.orig\n+++ x\n" +
      "@@ -2,11 +2,10 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n-9\n 10\n 11\n 12\n" +
      "@@ -23,6 +22,7 @@\n 23\n 24\n 25\n+25.5\n 26\n 27\n 28\n",
  );
});

test("equal texts have no difference, and an empty one has no line", () => {
  expect(unifiedDiff("x", "a\n", "a\n")).toBe("");
  expect(unifiedDiff("x", "", "a\n")).toBe("--- x.orig\n+++ x\n@@ -0,0 +1 @@\n+a\n");
});

test("a missing line end is told", () => {
  expect(unifiedDiff("x", "a\nb", "a\nb\n")).toBe(
    "--- x.orig\n+++ x\n@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+b\n",
  );
});

test("texts that have nothing in common are compared in time", () => {
  const many = (text: string): string =>
    Array.from({ length: 20_000 }, (_, index) => `${text}${index}\n`).join("");
  expect(unifiedDiff("x", many("a"), many("b"))).toContain("@@ -1,20000 +1,20000 @@");
});

requires({ commands: ["patch"] }).test("patch makes one text of the other", () => {
  const folder = temporaryFolder();
  try {
    const text = fc
      .array(fc.constantFrom("a", "b", "c", "", "d d"), { maxLength: 30 })
      .map((lines) => lines.join("\n"));
    fc.assert(
      fc.property(text, text, (before, after) => {
        const diff = unifiedDiff("x", before, after);
        writeFileSync(folder.join("x"), before);
        if (diff !== "") execFileSync("patch", ["--quiet", "x"], { cwd: folder.path, input: diff });
        // An empty text is no file to patch.
        if (after !== "") expect(readFileSync(folder.join("x"), "utf8")).toBe(after);
      }),
      { numRuns: 60 },
    );
  } finally {
    folder.remove();
  }
});
