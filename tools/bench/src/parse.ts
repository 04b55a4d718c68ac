// node --conditions=slipway-source tools/bench/src/parse.ts [--runs 5] [--write docs/benchmarks.md]
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { describeMachine, median } from "./report.ts";
import { putSection } from "./section.ts";

const PROBE = path.join(import.meta.dirname, "../../../frontends/dockerfile/src/parse-probe.test.support.ts");

const { values } = parseArgs({
  options: { runs: { type: "string", default: "5" }, write: { type: "string" } },
});

function probe<T>(...args: readonly string[]): T {
  const text = execFileSync(process.execPath, ["--conditions=slipway-source", PROBE, ...args], {
    encoding: "utf8",
  });
  return JSON.parse(text) as T;
}

interface Compile {
  readonly firstMs: number;
  readonly warmMs: number;
  /** What is remembered of it. */
  readonly memory: Readonly<Record<string, string>>;
}

const runs = Number(values.runs);
const load = (os.loadavg()[0] ?? 0).toFixed(1);
const cold: Compile[] = [];
const remembered: Compile[] = [];
const lines: { readonly lines: number; readonly bytes: number; readonly timesMs: readonly number[] }[] = [];
for (let run = 0; run < runs; run++) {
  const first = probe<Compile>("compile");
  cold.push(first);
  remembered.push(probe("compile", JSON.stringify(first.memory)));
  lines.push(probe("lines"));
}

const ms = (numbers: readonly number[]): string => median(numbers).toFixed(1);
const times = lines.flatMap(({ timesMs }) => timesMs.slice(1));
const perSecond = Math.round((lines[0]!.lines / median(times)) * 1000);
const busy =
  Number(load) > 1 ? " The machine did other work at the same time: on a quiet one all this is faster." : "";
const body = `## Parsing Dockerfiles

Written by \`node --conditions=slipway-source tools/bench/src/parse.ts --write docs/benchmarks.md\`. Medians of ${runs} processes, in processor time (all threads); TypeScript sources as they are, without the
bundle that packages have. Load average before: ${load}. Machine: ${describeMachine()}. Date: ${new Date().toISOString().slice(0, 10)}.${busy}

| what | figure |
| --- | ---: |
| lines parsed per second, of a file of ${lines[0]!.lines} lines (${(lines[0]!.bytes / 1e6).toFixed(1)} MB) | ${perSecond.toLocaleString("en")} |
| parse and compile a file of 12 steps, first build of a process, modules loaded on the way | ${ms(cold.map(({ firstMs }) => firstMs))} ms |
| the same, when the tree is remembered from another build | ${ms(remembered.map(({ firstMs }) => firstMs))} ms |
| the same in a warm process | ${ms(remembered.map(({ warmMs }) => warmMs))} ms |
`;
console.log(body);
if (values.write !== undefined)
  writeFileSync(values.write, putSection(readFileSync(values.write, "utf8"), "parse", body));
