import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { parseText } from "./parser.ts";
import type { Arguments, InstructionNode } from "./syntax-tree.ts";

// The corpus says in S-expressions what Docker's parser makes of a file; this prints our tree in that form.
const quote = (text: string): string => JSON.stringify(text).replace(/[^\x20-\x7e]/g, (c) => c);

function printArguments(args: Arguments): string {
  switch (args.form) {
    case "none":
      return "";
    case "words":
      return args.words.map((word) => ` ${quote(word.text)}`).join("");
    case "json":
      return args.items.map((word) => ` ${quote(word.text)}`).join("");
    case "text":
      return ` ${quote(args.text.text)}`;
    case "pairs":
      return args.pairs
        .map(({ key, separator, value }) =>
          value === undefined
            ? ` ${quote(key.text)}`
            : ` ${quote(key.text)} ${quote(value.text)} ${quote(separator.trim())}`,
        )
        .join("");
    case "healthcheck":
      return ` ${quote(args.type.text)}${printArguments(args.command)}`;
    case "trigger":
      return ` (${print(args.instruction)})`;
  }
}

function print(node: InstructionNode): string {
  const flags = node.flags.map(({ name, value }) =>
    quote(`--${name}${value === undefined ? "" : `=${value}`}`),
  );
  return `${node.name}${flags.length > 0 ? ` [${flags.join(" ")}]` : ""}${printArguments(node.arguments)}`;
}

const corpus = path.join(import.meta.dirname, "../../testdata/dockerfile-parser");

describe("the corpus of Docker's parser", () => {
  for (const name of readdirSync(corpus)) {
    test(`${name} parses to the tree that Docker makes`, () => {
      const tree = parseText(readFileSync(path.join(corpus, name, "Dockerfile"), "utf8"), "Dockerfile");
      const printed = tree.instructions.map((node) => `(${print(node)})`).join("\n");
      expect(printed).toBe(readFileSync(path.join(corpus, name, "result"), "utf8").trim());
    });
  }
});
