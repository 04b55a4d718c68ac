import { expect, test } from "vitest";
import { alignTabs } from "./tab-table.ts";

test("a column is as wide as its widest cell and the padding; what follows the last tab is in none", () => {
  expect(alignTabs("A\tB\tlong heading\nlonger\tx\ty\n", 2)).toBe("A       B  long heading\nlonger  x  y\n");
});

test("a line without a cell ends a column", () => {
  expect(alignTabs("long cell\tx\nnone\na\tb\n", 1)).toBe("long cell x\nnone\na b\n");
});

test("width counts letters, not bytes or UTF-16 units", () => {
  expect(alignTabs("ä\tx\n𝒳𝒳\ty\n", 1)).toBe("ä  x\n𝒳𝒳 y\n");
});
