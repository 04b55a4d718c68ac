import { readFileSync } from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { expandText, ExpansionError, MAX_EXPANSION_LENGTH } from "./expand.ts";

const variables = new Map([
  ["PWD", "/home"],
  ["SHELL", "bash"],
  ["KOREAN", "한국어"],
  ["NULL", ""],
]);
const lookup = (name: string): string | undefined => variables.get(name);

describe("the corpus of Docker's shell lexer", () => {
  const lines = readFileSync(
    path.join(import.meta.dirname, "../../testdata/shell-expansion/expand.txt"),
    "utf8",
  ).split("\n");
  for (const [index, line] of lines.entries()) {
    const [platform, input, expected] = line.split("|").map((part) => part.trim());
    if (line.startsWith("#") || (platform !== "A" && platform !== "U")) continue;
    test(`line ${index + 1}: ${input} gives ${expected}`, () => {
      if (expected === "error") expect(() => expandText(input!, lookup)).toThrow(ExpansionError);
      else expect(expandText(input!, lookup).text).toBe(expected);
    });
  }
});

describe("modifiers", () => {
  const env = new Map([
    ["foo", "bar/baz.tar.gz"],
    ["empty", ""],
    ["star", "a*b"],
  ]);
  test.each([
    ["${foo%.*}", "bar/baz.tar"],
    ["${foo%%.*}", "bar/baz"],
    ["${foo#*/}", "baz.tar.gz"],
    ["${foo##*.}", "gz"],
    ["${foo#nothing}", "bar/baz.tar.gz"],
    ["${foo/ba/X}", "Xr/baz.tar.gz"],
    ["${foo//ba/X}", "Xr/Xz.tar.gz"],
    ["${foo/\\//_}", "bar_baz.tar.gz"],
    ["${foo//a?/}", "b/b.t.gz"],
    ["${star%\\**}", "a"],
    ["${star//*/x}", "x"],
    ["${foo#b*a}", "r/baz.tar.gz"],
    ["${foo##b*a}", "r.gz"],
    ["${foo%a*z}", "bar/baz.t"],
    ["${foo%%a*z}", "b"],
    ["${foo%%*}", ""],
    ["${foo%*}", "bar/baz.tar.gz"],
    ["${foo/a*z/X}", "bX"],
    ["${foo//[a]/X}", "bar/baz.tar.gz"],
    ["${empty-x}", ""],
    ["${empty:-x}", "x"],
    ["${empty+x}", "x"],
    ["${empty:+x}", ""],
    ["${empty?why}", ""],
    ["${foo:?why}", "bar/baz.tar.gz"],
    ["${none-$foo}", "bar/baz.tar.gz"],
    ["${foo//$/X}", "bar/baz.tar.gz"],
  ])("%s gives %s", (input, expected) => {
    expect(expandText(input, (name) => env.get(name)).text).toBe(expected);
  });

  test.each([
    ["${none?}", "none: is not allowed to be unset", 0],
    ["x${none:?give me one}", "none: give me one", 1],
    ["${empty:?}", "empty: is not allowed to be empty", 0],
    ["ab${foo:#x}", '":#" is not a modifier that substitutions know', 2],
    ["${foo!x}", '"!" is not a modifier that substitutions know', 0],
    ["${foo/x", 'there is no closing "/"', 0],
    ["${foo", 'there is no closing "}"', 0],
    ["a'b", "there is no matching single quote", 1],
    ['a"b', "there is no matching double quote", 1],
  ])("%s fails: %s", (input, message, offset) => {
    expect(() => expandText(input, (name) => env.get(name))).toThrow(
      expect.objectContaining({ message, offset }),
    );
  });
});

test("words split at white space that is not quoted, variables' values included", () => {
  const words = expandText("a 'b c' $x \"$x\" d\\ e", () => "1 2").words;
  expect(words).toEqual(["a", "b c", "1", "2", "1 2", "d e"]);
});

test("names that were and were not set are told apart", () => {
  const { used, unset } = expandText("$PWD ${none:-$SHELL}", lookup);
  expect([...used].sort()).toEqual(["PWD", "SHELL"]);
  expect([...unset]).toEqual(["none"]);
});

test("with a backquote as escape character a backslash is an ordinary one", () => {
  expect(expandText("`$PWD \\$PWD", lookup, { escape: "`" }).text).toBe("$PWD \\/home");
});

test("keepUnset leaves unset references, keepQuotes leaves quotes", () => {
  expect(expandText(`"$PWD" '$x' $x \${x:-a}`, lookup, { keepUnset: true, keepQuotes: true }).text).toBe(
    `"/home" '$x' $x \${x:-a}`,
  );
});

test("a pattern of many stars does not take for ever", () => {
  const value = "a".repeat(5000);
  const start = performance.now();
  expect(expandText(`\${x##${"*a".repeat(30)}*b}`, () => value).text).toBe(value);
  expect(expandText(`\${x/${"a*".repeat(10)}b/c}`, () => value.slice(0, 300)).text).toBe(value.slice(0, 300));
  expect(performance.now() - start).toBeLessThan(5000);
});

test("deep nesting is an error, not a crash", () => {
  expect(() => expandText("${x:-".repeat(100_000), lookup)).toThrow(ExpansionError);
});

test("any text expands or fails with a place inside it", () => {
  fc.assert(
    fc.property(
      fc.string({
        unit: fc.constantFrom(
          "$",
          "{",
          "}",
          ":",
          "-",
          "#",
          "%",
          "/",
          "'",
          '"',
          "\\",
          "a",
          "P",
          " ",
          "é",
          "*",
        ),
      }),
      (text) => {
        try {
          expandText(text, lookup);
        } catch (error) {
          expect(error).toBeInstanceOf(ExpansionError);
          expect((error as ExpansionError).offset).toBeLessThanOrEqual(text.length);
        }
      },
    ),
  );
});

test("variables that double each other end in an error before they fill the memory", () => {
  const doubled = (value: string) => expandText("$A${A}", () => value).text;
  const half = "x".repeat(MAX_EXPANSION_LENGTH / 2);
  expect(doubled(half)).toHaveLength(MAX_EXPANSION_LENGTH);
  for (const source of ["$A${A}$B", '"$A$A$B"', "${B:-$A$A$A}", "${A}'b'\"$A\"$B"]) {
    expect(() => expandText(source, (name) => (name === "A" ? half : "more"))).toThrow(/longer than/);
  }
  // Longer than V8's longest string.
  expect(() => expandText("${A//x/$A}", () => "x".repeat(1 << 15))).toThrow(/longer than/);
});
