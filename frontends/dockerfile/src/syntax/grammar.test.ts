import { expect, test } from "vitest";
import { DockerfileGrammar } from "./grammar.ts";

test.each(["\\", "`"] as const)(
  "the grammar for the escape character %s has no ambiguity and no dead token",
  (escape) => {
    // At run time validation is skipped, since it costs more than parsing.
    const grammar = new DockerfileGrammar(escape, { validate: true });
    expect(grammar.tokens.lexer.lexerDefinitionErrors).toEqual([]);
    expect(grammar.errors).toEqual([]);
  },
);
