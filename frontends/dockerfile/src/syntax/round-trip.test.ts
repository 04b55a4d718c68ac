import fc from "fast-check";
import { expect, test } from "vitest";
import type { Problem } from "../problems.ts";
import { plainTree, printedFile } from "./arbitrary-tree.test.helper.ts";
import { printTree } from "./file-tokens.ts";
import { createDockerfileParser } from "./parser.ts";

const parser = createDockerfileParser();

test("what any tree is printed as parses back to it, and prints to the same text again", () => {
  fc.assert(
    fc.property(printedFile, ({ text, escape, instructions }) => {
      const problems: Problem[] = [];
      const tree = parser.parse(text, { file: "Dockerfile", problems });
      expect(problems).toEqual([]);
      expect(tree.escape).toBe(escape);
      expect(plainTree(tree)).toEqual(instructions);
      expect(printTree(tree)).toBe(text);
    }),
    { numRuns: 500 },
  );
});
