import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { dockerfileText } from "../syntax/arbitrary-text.test.helper.ts";
import { createDockerfileParser } from "../syntax/parser.ts";
import { createFormatter, formatDockerfile } from "./format.ts";
import { changedInstructions, hasSameRemarks } from "./same-meaning.ts";

const formatter = createFormatter();
const parser = createDockerfileParser();

/** Formats, and checks what holds for every text. */
function format(text: string): string {
  const { text: formatted } = formatter.format(text);
  expect(formatter.format(formatted).text, "a formatted file stays as it is").toBe(formatted);
  const [before, after] = [text, formatted].map((each) => parser.parse(each, { file: "f", problems: [] }));
  expect(changedInstructions(before!, after!), "instructions that say something else").toEqual([]);
  expect(hasSameRemarks(before!, after!), "comments and directives are the same").toBe(true);
  return formatted;
}

test.each<[title: string, written: string, formatted: string]>([
  ["keywords and AS are in capitals", "from a as b\nrun x\n", "FROM a AS b\nRUN x\n"],
  [
    "keywords behind keywords are, too",
    "onbuild run x\nhealthcheck none\n",
    "ONBUILD RUN x\nHEALTHCHECK NONE\n",
  ],
  ["one space is between words", "FROM  a\tAS   b\nEXPOSE  1   2\n", "FROM a AS b\nEXPOSE 1 2\n"],
  ["instructions and comments begin their line", "FROM a\n  RUN x\n\t# c  x\n", "FROM a\nRUN x\n# c  x\n"],
  ["white space at the end goes", "FROM a  \nRUN x\t\n# c \n", "FROM a\nRUN x\n# c\n"],
  ["the file ends with one line end", "FROM a", "FROM a\n"],
  ["empty lines at the start and the end go", "\n\nFROM a\n\n\n", "FROM a\n"],
  ["empty lines become one", "FROM a\n\n \n\nRUN x\n", "FROM a\n\nRUN x\n"],
  ["nothing stays nothing", "", ""],
  ["flags stay in their order", "COPY   --link  --from=b   a  c\n", "COPY --link --from=b a c\n"],
  ["continued lines are indented", "COPY a \\\n b \\\n      c\n", "COPY a \\\n    b \\\n    c\n"],
  ["empty lines within an instruction go", "RUN a \\\n\n  b\n", "RUN a \\\n    b\n"],
  [
    "comments within an instruction go with the line below",
    "RUN a && \\\n# c\n  b\n",
    "RUN a && \\\n    # c\n    b\n",
  ],
  ["a continuation that nothing follows goes", "RUN x \\\n", "RUN x\n"],
  ["white space behind a continuation goes", "RUN x && \\  \n  y\n", "RUN x && \\\n    y\n"],
  ["JSON arrays are spaced", 'CMD [ "a","b" ,"c" ]\nSHELL [  ]\n', 'CMD ["a", "b", "c"]\nSHELL []\n'],
  [
    "JSON arrays keep their lines",
    'CMD [\\\n"a" \\\n# c\n, "b" \\\n  ]\n',
    'CMD [ \\\n    "a", \\\n    # c\n    "b" \\\n]\n',
  ],
  [
    "JSON arrays keep their strings",
    'CMD ["\\u0061", "a  b", "\\"," ]\n',
    'CMD ["\\u0061", "a  b", "\\","]\n',
  ],
  ["what is no JSON array is a command", "CMD [ 'a',  'b' ]\n", "CMD [ 'a',  'b' ]\n"],
  ["pairs keep their lines", "ENV  A=1   B=2 \\\n C=3\n", "ENV A=1 B=2 \\\n    C=3\n"],
  [
    "values keep their white space",
    'ENV A="x  y" B=x\\ \\ y\nENV K  a   b\n',
    'ENV A="x  y" B=x\\ \\ y\nENV K a   b\n',
  ],
  ["values over several lines stay", 'LABEL a="x \\\n   y"   b=c\n', 'LABEL a="x \\\n   y" b=c\n'],
  ["text stays", "WORKDIR   /a  b\nMAINTAINER a   b\n", "WORKDIR /a  b\nMAINTAINER a   b\n"],
  ["white space within a command's line stays", "RUN  echo   a\n", "RUN echo   a\n"],
  [
    "lines of a command keep their distance",
    "RUN a \\\n  && b \\\n       c \\\n  && d\n",
    "RUN a \\\n    && b \\\n         c \\\n    && d\n",
  ],
  ["tabs are indentation", "RUN a && \\\n\tb && \\\n\t\tc\n", "RUN a && \\\n    b && \\\n        c\n"],
  ["a command may begin its own line", "RUN \\\n  a && \\\n    b\n", "RUN \\\n    a && \\\n      b\n"],
  ["lines in quotes stay", "RUN a 'x \\\n  y' && \\\n  b\n", "RUN a 'x \\\n  y' && \\\n    b\n"],
  ["lines in double quotes stay", 'RUN a "x \\\n  y" && \\\n  b\n', 'RUN a "x \\\n  y" && \\\n    b\n'],
  [
    "an escaped quote closes nothing",
    'RUN a "x\\" \\\n  y" && \\\n  b\n',
    'RUN a "x\\" \\\n  y" && \\\n    b\n',
  ],
  [
    "words over several lines stay",
    "RUN ab\\\ncd \\\n  e\nCOPY a\\\nb  c\n",
    "RUN ab\\\ncd \\\n    e\nCOPY a\\\nb c\n",
  ],
  ["words stay apart", "RUN ab \\\ncd\\\n  e\n", "RUN ab \\\n    cd \\\n      e\n"],
  ["a blank behind a backslash is part of a word", "RUN a\\ \\\n  b\n", "RUN a\\ \\\n  b\n"],
  ["what is in ${} stays", "RUN x=${y:-a \\\n  b} \\\n  c\n", "RUN x=${y:-a \\\n  b} \\\n    c\n"],
  [
    "commands within quotes stay, and all behind",
    'RUN a "$(b "c \\\n  d")" \\\n  e\n',
    'RUN a "$(b "c \\\n  d")" \\\n  e\n',
  ],
  [
    "here-documents stay",
    "RUN  <<E   cat\n  a  \n\n\n\tb\nE\n\n\nRUN x\n",
    "RUN <<E   cat\n  a  \n\n\n\tb\nE\n\nRUN x\n",
  ],
  [
    "several here-documents stay",
    "copy <<A  <<-B  /c\n x \nA\n\t y\n\tB\n",
    "COPY <<A <<-B /c\n x \nA\n\t y\n\tB\n",
  ],
  [
    "instructions that would go on over the next line stay",
    "arg a\\ \\\n#x\nenv A=\\ \\\n",
    "arg a\\ \\\n#x\nenv A=\\ \\\n",
  ],
  ["directives stay", "#  escape =  `  \n# Syntax=x\nFROM a\n", "#  escape =  `\n# Syntax=x\nFROM a\n"],
  ["the escape directive is followed", "# escape=`\nCOPY a  `\n b\n", "# escape=`\nCOPY a `\n    b\n"],
  ["what is no directive does not become one", "\n# escape=`\nFROM a\n", "\n# escape=`\nFROM a\n"],
  ["other shells' commands stay", "# escape=`\nRUN a  `\n  b\n", "# escape=`\nRUN a  `\n  b\n"],
  [
    "commands for SHELL stay",
    'SHELL ["powershell", "-c"]\nRUN a && \\\n  b\n',
    'SHELL ["powershell", "-c"]\nRUN a && \\\n  b\n',
  ],
  ["unknown instructions stay", "FROM a\n  RNU   x \\\n y\nrun z\n", "FROM a\n  RNU   x \\\n y\nRUN z\n"],
  ["commit points of commands stay", "run x   #!COMMIT\ncopy a  b\n", "RUN x   #!COMMIT\nCOPY a b\n"],
  [
    "instructions that read otherwise without their commit point stay",
    'copy ["a  b",  "/c"] #!COMMIT\nrun x\n',
    'copy ["a  b",  "/c"] #!COMMIT\nRUN x\n',
  ],
  ["a commit point of its own line stays one", "run a \\\n  #!COMMIT\n", "run a \\\n#!COMMIT\n"],
  [
    "fragments are known where they are allowed",
    "# slipway=include\ninclude  x\n",
    "# slipway=include\nINCLUDE x\n",
  ],
  ["a byte-order mark stays", "\uFEFFfrom a\n", "\uFEFFFROM a\n"],
  ["Windows' line ends stay", "FROM a\r\nRUN b \\\r\n c\r\n", "FROM a\r\nRUN b \\\r\n    c\r\n"],
  ["most line ends win", "FROM a\r\nRUN b\nRUN c\n", "FROM a\nRUN b\nRUN c\n"],
  ["line ends of here-documents stay", "FROM a\nRUN <<E\nx\r\ny\nE\n", "FROM a\nRUN <<E\nx\r\ny\nE\n"],
])("%s", (_, written, formatted) => {
  expect(format(written)).toBe(formatted);
});

test("flags of a long line get a line each", () => {
  const [a, b] = [
    "--mount=type=cache,target=/root/.cache/pip",
    "--mount=type=bind,source=a.txt,target=/tmp/a.txt",
  ];
  expect(format(`RUN ${a} ${b} pip install -r /tmp/a.txt && \\\n  x\n`)).toBe(
    `RUN ${a} \\\n    ${b} \\\n    pip install -r /tmp/a.txt && \\\n    x\n`,
  );
  expect(format(`ONBUILD RUN ${a} ${b} pip install -r /tmp/a.txt\n`)).toBe(
    `ONBUILD RUN ${a} \\\n    ${b} \\\n    pip install -r /tmp/a.txt\n`,
  );
  expect(format(`RUN ${a} ${b} x\n`)).toBe(`RUN ${a} ${b} x\n`);
});

test("what cannot be parsed is reported with its place and stays, the rest is laid out", () => {
  const { text, problems } = formatter.format("from a\nRNU  x\nrun y\n", { file: "x.Dockerfile" });
  expect(text).toBe("FROM a\nRNU  x\nRUN y\n");
  expect(problems).toMatchObject([
    {
      code: "INSTRUCTION_UNKNOWN",
      hint: "Did you mean RUN?",
      location: { file: "x.Dockerfile", line: 2, column: 1 },
    },
  ]);
});

test("behind a here-document without an end everything stays", () => {
  const { text, problems } = formatter.format("from a\nrun  <<E\n  copy   b  c\n\n\n");
  expect(text).toBe("FROM a\nrun  <<E\n  copy   b  c\n\n\n");
  expect(problems).toMatchObject([{ code: "HEREDOC_UNTERMINATED" }]);
});

test("with an escape character that is none everything stays", () => {
  const written = "# escape=x\nfrom   a\n";
  expect(formatter.format(written)).toMatchObject({
    text: written,
    problems: [{ code: "DIRECTIVE_INVALID" }],
  });
});

test("other languages stay", () => {
  const yaml = "# syntax=example.com/mocker\napiVersion: v1\n\n\nimages:\n  - run:   x\n";
  for (const written of [yaml, yaml.slice(yaml.indexOf("\n") + 1)])
    expect(formatter.format(written)).toMatchObject({
      text: written,
      problems: [{ code: "INSTRUCTION_UNKNOWN" }],
    });
});

test("indentation and width can be chosen", () => {
  expect(formatDockerfile("COPY a \\\n b\n", { indentWidth: 2 })).toBe("COPY a \\\n  b\n");
  expect(formatDockerfile("COPY --link --from=b c d\n", { lineWidth: 10 })).toBe(
    "COPY --link \\\n    --from=b \\\n    c d\n",
  );
});

describe("every file keeps what it says, and is laid out once", () => {
  test("a corpus of real and odd files", () => {
    const folder = path.join(import.meta.dirname, "../../testdata/dockerfile-parser");
    const names = readdirSync(folder);
    expect(names.length).toBeGreaterThan(20);
    for (const name of names) format(readFileSync(path.join(folder, name, "Dockerfile"), "utf8"));
  });

  test("broken texts", () => {
    fc.assert(
      fc.property(dockerfileText, (text) => void format(text)),
      { numRuns: 500 },
    );
  });

  test("any text", () => {
    fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => void format(text)));
  });

  const gap = fc.constantFrom(
    ...[
      " ",
      " ",
      "  ",
      "\t",
      " \\\n  ",
      "\\\n\t",
      "\\\n",
      " \\ \n# c d\n\n      ",
      " \\\r\n    ",
      " \\\n  \\\n ",
    ],
  );
  const word = fc.constantFrom(
    ...[
      "a",
      "b=c",
      "--flag=x",
      "&&",
      "|",
      "#x",
      '"a  b"',
      "'x \\\n  y'",
      '"x \\\n  y"',
      "$(a",
      "b)",
      "$'q'",
      "`x`",
    ],
    ...[
      "#!COMMIT",
      "${x:-a  b}",
      "a\\ ",
      "\\",
      '["a",',
      '"b"]',
      "[",
      "<<E",
      "as",
      "none",
      "cmd",
      "é",
      ",",
      '"$(x "y  z")"',
    ],
  );
  const keyword = fc.constantFrom(
    ...[
      "FROM",
      "run",
      "Run",
      "copy",
      "ADD",
      "env",
      "LABEL",
      "arg",
      "cmd",
      "ENTRYPOINT",
      "HEALTHCHECK",
      "onbuild run",
    ],
    ...["ONBUILD", "expose", "volume", "user", "workdir", "shell", "stopsignal", "maintainer", "nope"],
  );
  const instruction = fc
    .tuple(keyword, fc.array(fc.tuple(gap, word), { maxLength: 6 }))
    .map(([name, words]) => name + words.flat().join(""));
  const line = fc.oneof(
    { weight: 5, arbitrary: instruction },
    fc.constantFrom("", "", "  ", "# c", "  # c", "E", "\\", "# escape=`", "# check=skip=all"),
  );
  const file = fc.array(line, { maxLength: 8 }).map((lines) => lines.join("\n"));

  test("files of instructions with white space at every place", () => {
    fc.assert(
      fc.property(file, (text) => void format(text)),
      { numRuns: 1500 },
    );
  });
});

test("long files and long instructions take linear time", () => {
  const lines = Array.from({ length: 20_000 }, (_, index) => `run   echo ${index} && \\\n  x`);
  const command = `RUN a \\\n${"  && b    \\\n".repeat(20_000)}  c\n`;
  const start = performance.now();
  expect(formatDockerfile(lines.join("\n")).split("\n")).toHaveLength(40_001);
  expect(formatDockerfile(command).split("\n")).toHaveLength(20_003);
  expect(formatDockerfile(`COPY ${"a ".repeat(50_000)}\n`)).toHaveLength(100_005);
  expect(formatDockerfile(`RUN a${" ".repeat(200_000)}\\\n b`)).toBe("RUN a \\\n    b\n");
  expect(performance.now() - start).toBeLessThan(20_000);
});
