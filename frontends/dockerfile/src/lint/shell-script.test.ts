import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseText } from "../syntax/parser.ts";
import { readScript, readScripts } from "./shell-script.ts";

function commands(text: string): string[] {
  return readScript("line", text, { offset: 0, escape: "\\" }).commands.map(
    ({ operator, words }) => `${operator.replace("\n", "\\n")}${words.map((word) => word.text).join(" ")}`,
  );
}

describe("a script is split into commands", () => {
  test.each<[string, string[]]>([
    ["a b && c || d; e | f & g", ["a b", "&&c", "||d", ";e", "|f", "&g"]],
    ["a 'b && c' \"d; e\" f\\ g", ["a b && c d; e f g"]],
    ["(cd x && make) && { a; b; }", ["cd x", "&&make", "&&a", ";b"]],
    ["A=1 B=2 exec sudo env C=3 run", ["run"]],
    ["if a; then b; else c; fi", ["a", ";b", ";c", ";fi"]],
    ["a \\\n  b && \\\n# note && no\n\n  c", ["a b", "&&c"]],
    ["a # note; b\nc", ["a", "\\nc"]],
    ["cat <<E >x\nno; command\nE\nb", ["cat <<E >x", "\\nb"]],
    ["a $(b; c) ${d}", ["a $", "b", ";c", "${d}"]],
    ["", []],
    [" \f\v \r\n", []],
  ])("%j", (text, expected) => {
    expect(commands(text)).toEqual(expected);
  });

  test("words know where they are", () => {
    const text = "RUN 'apt-get'  install \\\n  foo";
    const script = readScript("line", text.slice(4), { offset: 4, escape: "\\" });
    const places = script.commands[0]!.words.map(({ span }) => text.slice(span.start, span.end));
    expect(places).toEqual(["'apt-get'", "install", "foo"]);
  });

  test("any text is read to its end, and words do not overlap", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom(..."ab'\"\\\n\r \t#;&|(){}<E$="), maxLength: 60 }),
        (text) => {
          const { commands: found } = readScript("line", text, { offset: 0, escape: "`" });
          let last = 0;
          for (const { prefix, words } of found) {
            expect(words.length).toBeGreaterThan(0);
            for (const { span } of [...prefix, ...words]) {
              expect(span.start).toBeGreaterThanOrEqual(last);
              last = span.end;
            }
          }
          expect(last).toBeLessThanOrEqual(text.length);
        },
      ),
      { numRuns: 1000 },
    );
  });
});

describe("the scripts of a RUN", () => {
  const kinds = (text: string): string[] => {
    const tree = parseText(`FROM a\n${text}`, "Dockerfile");
    return readScripts(tree.instructions[1]!, tree).map(({ kind, text: script }) => `${kind} ${script}`);
  };
  test.each<[string, string[]]>([
    ["RUN a b", ["line a b"]],
    ['RUN ["a", "b"]', []],
    ["RUN <<E\na\nb\nE", ["heredoc a\nb\n"]],
    ["RUN <<E\n#!/bin/bash -e\na\nE", ["heredoc #!/bin/bash -e\na\n"]],
    ["RUN <<E\n#!/usr/bin/python3\na\nE", []],
    ["RUN python3 <<E\na\nE", ["line python3 <<E"]],
    ["RUN bash -x <<E\na\nE", ["line bash -x <<E", "heredoc a\n"]],
    ["RUN <<A cat > b && <<C sh\nx\nA\ny\nC", []],
  ])("%j", (text, expected) => {
    expect(kinds(text)).toEqual(expected);
  });
});
