import { execFileSync } from "node:child_process";
import { createDockerfileParser, createFormatter, type Problem } from "@slipway/frontend-dockerfile/language";
import { requires } from "@slipway/testing";
import fc from "fast-check";
import { expect } from "vitest";

const parser = createDockerfileParser();
const formatter = createFormatter();

/** How bash itself writes commands: white space between words is the same for all, quoted white space is kept. */
function asBashReads(commands: readonly string[]): readonly string[] {
  const script =
    'for text in "$@"; do unset -f f; if eval "f() { $text"$\'\\n}\' 2>/dev/null; then declare -f f; else echo wrong; fi; echo =====; done';
  return execFileSync("bash", ["-c", script, "bash", ...commands], {
    encoding: "utf8",
    maxBuffer: 1 << 28,
  }).split("=====\n");
}

/** The command of a file's only instruction; undefined when the file is otherwise. */
function commandOf(file: string): string | undefined {
  const problems: Problem[] = [];
  const { instructions } = parser.parse(file, { file: "Dockerfile", problems });
  const [first, second] = instructions;
  if (first?.arguments.form !== "text" || second !== undefined || problems.length > 0) return undefined;
  return first.arguments.text.text;
}

requires({ commands: ["bash"] }).test("a shell reads a formatted command as it read the one before", () => {
  const gap = fc.constantFrom(
    " ",
    "  ",
    " ",
    "\t",
    " \\\n  ",
    "\\\n",
    " \\\n\t\t",
    "\\\n    ",
    "   \\\n# it's \"c\n  ",
  );
  const word = fc.constantFrom(
    ...[
      "echo",
      "a",
      "-n",
      "&&",
      "|",
      ";",
      "||",
      ">/x",
      '"a  b"',
      "'a  b'",
      '"a \\\n   b"',
      "'a \\\n   b'",
      "a\\ b",
    ],
    ...[
      "$(x   y)",
      '"$(x "y  z")"',
      "`x  y`",
      "${x:-a  b}",
      '"${x:-a  b}"',
      '"${x:-"a  b"}"',
      "$'it\\'s  x'",
      "a\\",
      "$x",
    ],
    ...[
      "x='a'\"b  c\"",
      "{",
      "}",
      "if x; then",
      "fi",
      "[ a = b ]",
      "a=(x  y)",
      "<(x  y)",
      "$((1 + 2))",
      "\\'",
      '\\"',
      "#c",
    ],
  );
  const run = fc
    .array(fc.tuple(word, gap), { minLength: 2, maxLength: 12 })
    .map((parts) => `RUN ${parts.flat().join("")}\n`);
  const commands = fc.sample(run, { numRuns: 4000, seed: 7 }).flatMap((file) => {
    const formatted = formatter.format(file).text;
    const [before, after] = [commandOf(file), commandOf(formatted)];
    return before === undefined || after === undefined || before === after ? [] : [{ file, before, after }];
  });
  expect(commands.length).toBeGreaterThan(1000);
  const before = asBashReads(commands.map((each) => each.before));
  const after = asBashReads(commands.map((each) => each.after));
  expect(before.filter((text) => text !== "wrong\n").length).toBeGreaterThan(400);
  for (const [index, { file }] of commands.entries()) expect(after[index], file).toBe(before[index]);
});
