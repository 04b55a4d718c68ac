import { describe, expect, test } from "vitest";
import { diagnose } from "../diagnose.ts";
import { tokensOf } from "./file-tokens.ts";
import { createDockerfileParser } from "./parser.ts";

const parser = createDockerfileParser();
const each = (count: number, make: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => make(index)).join("");

/** Files of about `lines` lines, each of which would tempt a parser to go over everything again. */
const SHAPES: Readonly<Record<string, (lines: number) => string>> = {
  "ordinary instructions": (lines) =>
    `FROM a\n${each(lines / 4, () => 'RUN echo hello \\\n  && echo world # x\nENV A=b C="d e"\n# c\n')}`,
  "one instruction over many lines": (lines) => `FROM a\nRUN x${each(lines, () => " \\\n  && y")}`,
  "many pairs of one instruction": (lines) => `FROM a\nENV${each(lines, (index) => ` \\\n  A${index}=b`)}`,
  "many flags": (lines) => `FROM a\nRUN ${each(lines, () => "--a=b ")}x`,
  "many words": (lines) => `FROM a\nCOPY${each(lines, () => " a")} /`,
  "a long JSON array": (lines) => `FROM a\nRUN [${each(lines, () => '"a",')}"b"]`,
  "many here-documents": (lines) => `FROM a\n${each(lines / 3, () => "RUN <<E\nx\nE\n")}`,
  "many here-documents of one instruction": (lines) =>
    `FROM a\nRUN cat${each(lines / 2, (index) => ` <<E${index}`)}\n${each(lines / 2, (index) => `x\nE${index}\n`)}`,
  "here-documents without an end": (lines) => `FROM a\n${each(lines / 2, (index) => `RUN <<E${index}\nx\n`)}`,
  "comments within a continuation": (lines) => `RUN a \\\n${each(lines, () => "# c\n")}b\n`,
  "unknown instructions": (lines) => `FROM a\n${each(lines, () => "RUNN x\n")}`,
  "many stages": (lines) =>
    each(lines / 2, (index) => `FROM a AS s${index}\nCOPY --from=s${index - 1} x /\n`),
  "many names that are almost stages": (lines) =>
    each(lines / 2, (index) => `FROM a AS stage${index}\nCOPY --from=stagx${index} x /\n`),
  triggers: (lines) => `FROM a\n${each(lines / 3, () => "ONBUILD RUN x <<E\ny\nE\n")}`,
};

/** The processor's time, not the clock's: other processes take their share of that. */
function bestTimeMs(runs: number, run: () => void): number {
  let best = Number.POSITIVE_INFINITY;
  for (let index = 0; index < runs; index++) {
    const start = process.cpuUsage();
    run();
    const { user, system } = process.cpuUsage(start);
    best = Math.min(best, (user + system) / 1000);
  }
  return best;
}

describe("the time to parse, cut and check grows with the length of a file", { timeout: 120_000 }, () => {
  test.each(Object.entries(SHAPES))("%s", (_, make) => {
    const work = (text: string) => (): void => {
      tokensOf(diagnose(text, { parser }).tree);
    };
    const [few, many] = [make(4_000), make(64_000)];
    work(few)();
    const small = bestTimeMs(3, work(few));
    const large = bestTimeMs(2, work(many));
    // Sixteen times as long: linear work takes 16 times as long, quadratic work 256 times. What is over in a few
    // milliseconds is not measured well.
    expect(large / Math.max(small, 5)).toBeLessThan(120);
  });
});

test("10 MB parse", { timeout: 120_000 }, () => {
  const line = `RUN echo ${"x".repeat(90)}\n`;
  const text = `FROM a\n${line.repeat(Math.ceil(10e6 / line.length))}`;
  expect(text.length).toBeGreaterThan(10e6);
  const { tree, problems } = diagnose(text, { parser });
  expect(problems).toEqual([]);
  expect(tree.instructions.length).toBe(Math.ceil(10e6 / line.length) + 1);
  const script =
    `FROM a\nRUN <<E\n${"x".repeat(99)}\n`.repeat(1) + `${"y".repeat(99)}\n`.repeat(100_000) + "E\n";
  expect(diagnose(script, { parser }).tree.instructions[1]!.heredocs[0]!.content.length).toBe(10_000_100);
});
