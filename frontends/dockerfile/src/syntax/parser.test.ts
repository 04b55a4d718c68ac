import { InputError } from "@slipway/oci";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Problem } from "../problems.ts";
import { createDockerfileParser, parseText } from "./parser.ts";
import type { Span } from "./source-text.ts";
import type { DockerfileTree } from "./syntax-tree.ts";

const parse = (text: string): DockerfileTree => parseText(text, "Dockerfile");
const written = (tree: DockerfileTree, span: Span): string => tree.source.text.slice(span.start, span.end);

function failure(text: string): string {
  try {
    parse(text);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return `${error.location?.line}:${error.location?.column}-${error.location?.endColumn} ${error.code} ${error.message}`;
  }
  throw new Error("it parsed");
}

describe("positions", () => {
  test("keyword, flags and words know their places", () => {
    const tree = parse('FROM a\n  COPY --from=b --chown="1:2" x   y/ \n');
    const [, copy] = tree.instructions;
    expect(written(tree, copy!.keyword.span)).toBe("COPY");
    expect(
      copy!.flags.map((flag) => [
        written(tree, flag.span),
        flag.name,
        flag.value,
        written(tree, flag.valueSpan!),
      ]),
    ).toEqual([
      ["--from=b", "from", "b", "b"],
      ['--chown="1:2"', "chown", "1:2", '"1:2"'],
    ]);
    expect(
      copy!.arguments.form === "words" && copy!.arguments.words.map((word) => written(tree, word.span)),
    ).toEqual(["x", "y/"]);
    expect(written(tree, copy!.span)).toBe('COPY --from=b --chown="1:2" x   y/');
    expect(tree.source.locate(copy!.keyword.span)).toEqual({
      file: "Dockerfile",
      line: 2,
      column: 3,
      endColumn: 6,
      excerpt: '  COPY --from=b --chown="1:2" x   y/ ',
    });
  });

  test("a word behind a continuation is on its own line", () => {
    const tree = parse("FROM a\nENV A=1 \\\n  # why\n\n  B=2\n");
    const env = tree.instructions[1]!.arguments;
    const pairs = env.form === "pairs" ? env.pairs : [];
    expect(
      pairs.map(({ key, value }) => [key.text, value!.text, tree.source.position(key.span.start)]),
    ).toEqual([
      ["A", "1", { line: 2, column: 5 }],
      ["B", "2", { line: 5, column: 3 }],
    ]);
  });

  test("strings of an exec form know their places", () => {
    const tree = parse('FROM a\nRUN [ "a b", "c\\n" ]');
    const args = tree.instructions[1]!.arguments;
    const items = args.form === "json" ? args.items : [];
    expect(items.map((item) => [item.text, written(tree, item.span)])).toEqual([
      ["a b", '"a b"'],
      ["c\n", '"c\\n"'],
    ]);
  });

  test("columns count UTF-16 code units", () => {
    const tree = parse("FROM a\nLABEL 🚢=x y=z");
    const args = tree.instructions[1]!.arguments;
    expect(args.form === "pairs" && tree.source.position(args.pairs[1]!.key.span.start)).toEqual({
      line: 2,
      column: 12,
    });
  });
});

describe("lines", () => {
  const originals = (text: string): readonly string[] =>
    parse(text).instructions.map((node) => node.original);

  test("a byte-order mark and CRLF change nothing", () => {
    expect(originals("\uFEFF# escape=`\r\nFROM a\r\nRUN b `\r\n  c\r\n")).toEqual(["FROM a", "RUN b   c"]);
    expect(parse("\uFEFFFROM a").source.locate({ start: 0, end: 4 }).column).toBe(1);
  });

  test.each([
    ["comments and empty lines inside a continuation vanish", "RUN a \\\n# no\n\n   # no\n b", ["RUN a  b"]],
    ["white space behind the escape character is allowed", "RUN a \\ \t\nb", ["RUN a b"]],
    ["a doubled escape character ends the line", "RUN a \\\\\nRUN b", ["RUN a \\\\", "RUN b"]],
    ["a comment does not continue", "# a \\\nRUN b", ["RUN b"]],
    ["# inside an instruction is text", "RUN a # b", ["RUN a # b"]],
    ["a keyword may be continued", "RU\\\nN a", ["RUN a"]],
    ["nothing but continuations is nothing", "\\\n\\\n", []],
    ["keywords are taken in any case", "run a\nRun b", ["run a", "Run b"]],
    ["tabs separate, too", "\tRUN\ta", ["RUN\ta"]],
    ["vertical tabs and form feeds separate, too", "\fRUN\vA\fb\v", ["RUN\vA\fb"]],
    ["a no-break space is part of a keyword", "\u00a0RUN\u00a0a b", ["RUN\u00a0a b"]],
    ["a next-line character is white space around a line", "\u0085RUN a\u0085\n\u0085\n\u0085# c", ["RUN a"]],
    [
      "a byte-order mark is white space only at the start of the file",
      "\uFEFFRUN a\n\uFEFFRUN b",
      ["RUN a", "\uFEFFRUN b"],
    ],
    ["several carriage returns end a line", "RUN a \\\r\r\nb", ["RUN a b"]],
    ["a NUL is a character", "RUN \0a", ["RUN \0a"]],
    [
      "white space that the escape character leaves at the start counts for nothing",
      "\\\n  RUN a",
      ["RUN a"],
    ],
  ])("%s", (_, text, expected) => {
    expect(originals(text)).toEqual(expected);
  });

  test("comments right above an instruction belong to it", () => {
    const tree = parse("# top\n\n# one\n# two\nFROM a # not a comment\n");
    expect(tree.instructions[0]!.comments.map((comment) => comment.text)).toEqual(["one", "two"]);
    expect(tree.comments.map((comment) => comment.text)).toEqual(["top", "one", "two"]);
  });
});

describe("directives", () => {
  test("syntax, escape and check are read at the top, in any case and order", () => {
    const tree = parse("# Syntax = docker/dockerfile:1\n#escape=`\n# check=skip=all\nFROM a");
    expect(tree.directives.map(({ name, value }) => [name, value])).toEqual([
      ["syntax", "docker/dockerfile:1"],
      ["escape", "`"],
      ["check", "skip=all"],
    ]);
    expect(tree.escape).toBe("`");
  });

  test.each([
    "# hello\n# escape=`\nFROM a",
    "\n# escape=`\nFROM a",
    "# foo=bar\n# escape=`\nFROM a",
    "FROM a\n# escape=`",
  ])("anything else before it makes a directive a comment: %j", (text) => {
    expect(parse(text).escape).toBe("\\");
  });

  test.each([
    ["# escape=x\nFROM a", '1:1-10 DIRECTIVE_INVALID "x" cannot be the escape character'],
    ["# escape=`\n# escape=`\nFROM a", "2:1-10 DIRECTIVE_INVALID the escape directive is given twice"],
  ])("%j fails", (text, expected) => {
    expect(failure(text)).toBe(expected);
  });
});

describe("here-documents", () => {
  test("their bodies are not instructions", () => {
    const tree = parse(
      "FROM a\nRUN <<EOF cat <<-'B C' - x\nFROM x\nEOF\n\tRUN y\n\tB C\nCOPY <<\"$F\" /\n${x}\n$F\nUSER u",
    );
    expect(tree.instructions.map((node) => node.name)).toEqual(["from", "run", "copy", "user"]);
    expect(tree.instructions[1]!.heredocs.map(({ span: _, body: _b, end: _e, ...rest }) => rest)).toEqual([
      { name: "EOF", expand: true, stripTabs: false, content: "FROM x\n" },
      { name: "B C", expand: false, stripTabs: true, content: "\tRUN y\n" },
    ]);
    expect(tree.instructions[1]!.heredocs.map(({ span }) => written(tree, span))).toEqual([
      "<<EOF",
      "<<-'B C'",
    ]);
    expect(tree.source.position(tree.instructions[1]!.span.end)).toEqual({ line: 7, column: 1 });
  });

  test.each([
    "RUN cat <<< x",
    "RUN echo $((1<<3))",
    'RUN ["cat", "<<EOF"]',
    "ENV A=<<EOF",
    'RUN echo "<<EOF"x',
    "RUN echo it's <<EOF",
  ])("%s opens none", (line) => {
    expect(parse(`FROM a\n${line}\nUSER u`).instructions).toHaveLength(3);
  });

  test.each([
    ["RUN cat << E", "<< E"],
    ['RUN << "E"', '<< "E"'],
    ["ONBUILD RUN cat 3<<\t E x", "3<<\t E"],
  ])("white space may stand behind <<: %s", (line, opening) => {
    const tree = parse(`FROM a\n${line}\nE\nUSER u`);
    const { heredocs } = tree.instructions[1]!;
    expect(heredocs.map(({ name, span }) => [name, written(tree, span)])).toEqual([["E", opening]]);
    expect(tree.instructions[2]!.name).toBe("user");
  });

  test.each([
    "RUN cat <<- E",
    'RUN cat "<< E"',
    "RUN cat <<< E",
    "RUN cat a<< E",
    "RUN cat << <<E",
    "RUN cat <<\u00a0E",
  ])("%s opens none", (line) => {
    expect(parse(`FROM a\n${line}\nUSER u`).instructions).toHaveLength(3);
  });

  test("a body and the line that ends it know their places", () => {
    const tree = parse("RUN <<-A <<B\r\n\tx\r\n\tA\r\nB");
    expect(
      tree.instructions[0]!.heredocs.map(({ body, end }) => [written(tree, body), written(tree, end)]),
    ).toEqual([
      ["\tx\r\n", "\tA"],
      ["", "B"],
    ]);
  });

  test("one without an end is an error at its opening", () => {
    expect(failure("FROM a\nRUN x && cat <<EOF\nabc\n EOF\n")).toBe(
      "2:14-18 HEREDOC_UNTERMINATED the here-document <<EOF has no end",
    );
  });

  const recovered = (text: string) => {
    const problems: Problem[] = [];
    const tree = createDockerfileParser().parse(text, { file: "Dockerfile", problems });
    return {
      hints: problems.map(({ hint }) => hint),
      instructions: tree.instructions.map(({ original }) => original),
      bodies: tree.instructions.flatMap(({ heredocs }) => heredocs.map(({ content }) => content)),
    };
  };

  test("one whose end has white space around it ends there, and the hint says so", () => {
    expect(recovered("RUN <<EOF\na\n  EOF\nUSER x\nRUN <<EOF\nb\nEOF \nUSER y")).toEqual({
      hints: [
        "Line 3 holds EOF, but with white space around it: take that away.",
        "Line 7 holds EOF, but with white space around it: take that away.",
      ],
      instructions: ["RUN <<EOF", "USER x", "RUN <<EOF", "USER y"],
      bodies: ["a\n  EOF\n", "b\nEOF \n"],
    });
  });

  test("one without anything like an end ends before the next instruction", () => {
    expect(recovered("RUN <<EOF\na\nrun b\nUSER x\nCOPY <<F /\nb")).toEqual({
      hints: [
        "Write a line that holds nothing but EOF behind its last line.",
        "Write a line that holds nothing but F behind its last line.",
      ],
      instructions: ["RUN <<EOF", "USER x", "COPY <<F /"],
      bodies: ["a\nrun b\n", "b"],
    });
  });

  test("many without an end do not take for ever", () => {
    const text = Array.from({ length: 20_000 }, (_, index) => `RUN <<E${index}\nx\n`).join("");
    // From the 21st on what is left is the body.
    expect(recovered(text).instructions).toHaveLength(21);
  });

  test("the backslash escapes in their names, whatever escapes in the file", () => {
    expect(parse("# escape=`\nRUN cat <<\\E\nE\nRUN b").instructions).toHaveLength(2);
    expect(failure("# escape=`\nRUN cat <<`E\nE\n")).toContain("<<`E has no end");
  });
});

test("JSON that is none falls back to the shell form", () => {
  const forms = ['["a", "b"]', "[ -f x ] && y", "[\"a\", 'b']", '["a"] x', "[]", "[1]"].map((args) => {
    const { arguments: parsed } = parse(`RUN ${args}`).instructions[0]!;
    return parsed.form === "json" && parsed.invalid ? "not strings" : parsed.form;
  });
  expect(forms).toEqual(["json", "text", "text", "text", "json", "not strings"]);
});

test("words of ENV, LABEL and ARG end at white space that is neither quoted nor escaped", () => {
  const keys = (text: string) => {
    const { arguments: args } = parse(text).instructions[0]!;
    return args.form === "pairs" && args.pairs.map(({ key, value }) => [key.text, value?.text]);
  };
  expect(keys("ARG a\\  b=\\\" 'c d'=x\u00a0e")).toEqual([
    ["a\\ ", undefined],
    ["b", '\\"'],
    ["'c d'", "x"],
    ["e", undefined],
  ]);
  expect(keys("ENV a\u00a0b c d")).toEqual([["a\u00a0b", "c d"]]);
});

test("a trigger keeps the white space at its end", () => {
  const trigger = (text: string) => {
    const { arguments: args } = parse(text).instructions[0]!;
    return args.form === "trigger" && args.text;
  };
  expect(trigger("ONBUILD  RUN  a  \\\n \n# c")).toBe("RUN  a  ");
  expect(trigger("onbuild\tRUN a \t\n")).toBe("RUN a \t");
});

test("flags end at the first word that is none, or at --", () => {
  const flags = (text: string) =>
    parse(text).instructions[0]!.flags.map(({ name, value }) =>
      value === undefined ? name : `${name}=${value}`,
    );
  expect(flags("RUN --mount=type=bind,target=/a --network=none x --y")).toEqual([
    "mount=type=bind,target=/a",
    "network=none",
  ]);
  expect(flags("COPY --link a --from=b c")).toEqual(["link"]);
  expect(flags('RUN --a="b c" --d\\ e=f g')).toEqual(["a=b c", "d e=f"]);
});

test("every text parses or fails with a place in it", () => {
  const piece = fc.constantFrom(
    "FROM a",
    "RUN ",
    "\n",
    "\\\n",
    "<<E",
    "E",
    "\r\n",
    "[",
    '"',
    "'",
    "`",
    "--x=",
    "ENV A=",
    "ONBUILD ",
    "#",
    " ",
    "\t",
    "é\u{1F6A2}",
    "\u00a0",
    "\ufeff",
    "$",
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.array(piece).map((pieces) => pieces.join("")),
        fc.string({ unit: "binary" }),
      ),
      (text) => {
        try {
          const tree = parse(text);
          for (const { span, keyword } of tree.instructions) {
            expect(span.start).toBe(keyword.span.start);
            expect(span.end).toBeLessThanOrEqual(tree.source.text.length);
            expect(span.end).toBeGreaterThanOrEqual(keyword.span.end);
          }
        } catch (error) {
          expect(error).toBeInstanceOf(InputError);
        }
      },
    ),
    { numRuns: 300 },
  );
});

test("a file of 100,000 lines parses before anybody gives up", () => {
  // A parser that goes over everything again for each line takes minutes here, not seconds.
  const text = `FROM a\n${'RUN echo hello \\\n  && echo world # x\nENV A=b C="d e"\n'.repeat(20_000)}${"# x\n".repeat(40_000)}`;
  const tree = parse(text);
  expect(tree.instructions).toHaveLength(40_001);
  expect(tree.comments).toHaveLength(40_000);
});
