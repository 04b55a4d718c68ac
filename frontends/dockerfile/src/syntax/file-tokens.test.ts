import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Problem } from "../problems.ts";
import { printTree, tokensOf } from "./file-tokens.ts";
import { createDockerfileParser } from "./parser.ts";
import type { DockerfileTree } from "./syntax-tree.ts";
import { dockerfileText } from "./arbitrary-text.test.helper.ts";

const parser = createDockerfileParser();

function parse(text: string): DockerfileTree {
  const problems: Problem[] = [];
  return parser.parse(text, { file: "Dockerfile", problems });
}

/** Pieces as `kind text`, white space and line ends left out. */
function pieces(text: string): readonly string[] {
  return tokensOf(parse(text))
    .filter(({ kind }) => kind !== "whitespace" && kind !== "newline")
    .map(({ kind, text: written }) => `${kind} ${JSON.stringify(written)}`);
}

const corpus = path.join(import.meta.dirname, "../../testdata/dockerfile-parser");

describe("what is printed from the tree is what was parsed", () => {
  test.each(readdirSync(corpus))("%s", (name) => {
    const text = readFileSync(path.join(corpus, name, "Dockerfile"), "utf8");
    expect(printTree(parse(text))).toBe(text);
  });

  test.each([
    ["CRLF", "# escape=`\r\nFROM a\r\n\r\nRUN b `\r\n  c\r\n"],
    ["a byte-order mark", "\uFEFFFROM a\n"],
    ["no line end at the end", "FROM a"],
    ["white space at the ends of lines", " \t\nFROM a \t \nRUN b\\ \t \n c  \n\t"],
    ["nothing", ""],
    ["a continuation at the end of the file", "FROM a\nRUN b \\"],
    ["comments and empty lines in a continuation", "RUN a \\\n # c\n\n  b\\\n# d \n\n"],
    ["here-documents", "RUN <<-A cat <<'B C'\n\tx\n\t\tA\n\r\ny\nB C\nRUN z"],
    ["a here-document without an end", "RUN <<A\nx\n A\nRUN y <<B\nUSER x\nz"],
    ["vertical tabs and form feeds", "\fFROM\va\f\nENV\v\fA=1\v B=2\f\n"],
    ["carriage returns of their own", "RUN a\rb\\\r\r\n c\r\r\n"],
  ])("%s", (_, text) => {
    expect(printTree(parse(text))).toBe(text);
  });

  test("any text", () => {
    fc.assert(
      fc.property(fc.oneof(dockerfileText, fc.string({ unit: "binary" })), (text) => {
        const tree = parse(text);
        expect(printTree(tree)).toBe(text);
        let end = 0;
        for (const { kind, span, text: written } of tokensOf(tree)) {
          expect(span.start).toBe(end);
          end = span.end;
          if (kind === "whitespace") expect(written.replace(/[\n#\\]/, "x")).toBe(written);
          if (kind === "newline") expect(written).toMatch(/^\r*\n$/);
          if (kind === "continuation") expect(written).toMatch(/^[\\`][ \t\r]*\n?$/);
        }
        expect(end).toBe(tree.source.text.length);
      }),
      { numRuns: 1000 },
    );
  });
});

describe("pieces have kinds", () => {
  test("of directives, comments, flags, words and pairs", () => {
    expect(
      pieces(
        '# syntax=x\n# a  \nFROM --platform=$A b AS c\nENV A="1 2" B=\nENV C d e\nLABEL x=y\nARG z\nVOLUME ["a", "b"]',
      ),
    ).toEqual([
      'directive "# syntax=x"',
      'comment "# a"',
      'keyword "FROM"',
      'flag "--platform=$A"',
      'word "b"',
      'word "AS"',
      'word "c"',
      'keyword "ENV"',
      'word "A"',
      'separator "="',
      'word "\\"1 2\\""',
      'word "B"',
      'separator "="',
      'keyword "ENV"',
      'word "C"',
      'word "d e"',
      'keyword "LABEL"',
      'word "x"',
      'separator "="',
      'word "y"',
      'keyword "ARG"',
      'word "z"',
      'keyword "VOLUME"',
      'json "[\\"a\\", \\"b\\"]"',
    ]);
  });

  test("of continued lines, here-documents and what is within ONBUILD and HEALTHCHECK", () => {
    expect(
      pieces(
        'RUN --network=none a && \\ \n  # why\n\n  b <<E c\nbody\nE\nONBUILD COPY <<F /\nF\nHEALTHCHECK CMD ["x"]',
      ),
    ).toEqual([
      'keyword "RUN"',
      'flag "--network=none"',
      'text "a && "',
      'continuation "\\\\ \\n"',
      'comment "# why"',
      'text "b "',
      'heredoc-open "<<E"',
      'text " c"',
      'heredoc-body "body\\n"',
      'heredoc-end "E"',
      'keyword "ONBUILD"',
      'keyword "COPY"',
      'heredoc-open "<<F"',
      'word "/"',
      'heredoc-end "F"',
      'keyword "HEALTHCHECK"',
      'word "CMD"',
      'json "[\\"x\\"]"',
    ]);
  });
});

test("a file of many lines is cut in one go", () => {
  const text = `FROM a\n${"RUN echo hello \\\n  && echo world # x\nENV A=b C=d\n# c\n".repeat(20_000)}`;
  const tokens = tokensOf(parse(text));
  expect(tokens.filter(({ kind }) => kind === "keyword")).toHaveLength(40_001);
});
