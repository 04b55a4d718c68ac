import { existsSync, globSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";

const workspace = path.resolve(import.meta.dirname, "../../..");
const documents = globSync(
  ["*.md", "docs/**/*.md", "{packages,frontends,tools,examples}/*/README.md", "e2e/README.md"],
  {
    cwd: workspace,
  },
).sort();

test.each(documents)("every file that %s links to exists", (document) => {
  const text = readFileSync(path.join(workspace, document), "utf8");
  const broken: string[] = [];
  for (const [, target] of text.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)[^)]*\)/g)) {
    if (!existsSync(path.resolve(workspace, path.dirname(document), target!))) broken.push(target!);
  }
  expect(broken).toEqual([]);
});

test("the architecture fits into a head", () => {
  expect(readFileSync(path.join(workspace, "ARCHITECTURE.md"), "utf8").split("\n").length).toBeLessThan(600);
});
