import { readFileSync } from "node:fs";
import os from "node:os";
import type { Measurement } from "./measure.ts";
import type { Peer } from "./peer.ts";
import type { Workload } from "./workload.ts";

/** Measurements by tool and workload, in order of the runs. */
export type Results = ReadonlyMap<Peer, ReadonlyMap<Workload, readonly Measurement[]>>;

/** Middle value; of an even number, the mean of the two in the middle. NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return Number.isInteger(middle)
    ? ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2
    : (sorted[Math.floor(middle)] ?? NaN);
}

/** The whole of docs/benchmarks.md. */
export function renderReport(results: Results, workloads: readonly Workload[], facts: ReportFacts): string {
  const peers = [...results.keys()];
  const [own, ...others] = peers;
  const wall = (peer: Peer, workload: Workload): readonly number[] =>
    results
      .get(peer)
      ?.get(workload)
      ?.map(({ wallMs }) => wallMs / 1000) ?? [];
  const memory = (peer: Peer, workload: Workload): number =>
    Math.max(
      ...(results
        .get(peer)
        ?.get(workload)
        ?.map(({ peakBytes }) => peakBytes) ?? [NaN]),
    ) /
    2 ** 20;
  const row = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
  const table = (first: string, rows: readonly (readonly string[])[]): string =>
    [
      row([first, ...workloads.map(({ title }) => title)]),
      row(["---", ...workloads.map(() => "---:")]),
      ...rows.map(row),
    ].join("\n");

  const slower = others.flatMap((peer) => {
    const lost = workloads
      .map(({ title }, index) => ({
        title,
        share: ratio(wall(own!, workloads[index]!), wall(peer, workloads[index]!)),
      }))
      .filter(({ share }) => Number(share) > 1)
      .map(({ title, share }) => `${title} (${share} of its time)`);
    return lost.length === 0 ? [] : [`Slipway is slower than ${peer.name}: ${lost.join(", ")}.`];
  });

  const short = others
    .filter(({ name }) => name.startsWith("BuildKit"))
    .flatMap((peer) =>
      workloads.flatMap((workload) => {
        const share = ratio(wall(own!, workload), wall(peer, workload));
        const { aim = 1, title } = workload;
        if (aim === 1 || !(Number(share) > aim)) return [];
        return [`${title}: ${share} of the time of ${peer.name}, where ${aim} is aimed at.`];
      }),
    );

  return `# Benchmarks

Written by \`npm run bench\`; see tools/bench. The same Dockerfiles with every tool, in one session, runs of the tools interleaved.

- Date: ${facts.date}
- Machine: ${facts.machine}
- Tools: ${peers.map(({ version }) => version).join("; ")}
- Other load: load averages ${facts.loadBefore} before and ${facts.loadAfter} after, the benchmark's own work included in the latter
- Disk: states, contexts and the registry's storage on one loop-mounted ext4 with a journal

## Wall-clock, median in seconds (lowest–highest of n runs)

${table(
  "tool",
  peers.map((peer) => [peer.name, ...workloads.map((workload) => spread(wall(peer, workload)))]),
)}

## Slipway's time as a share of the others'

Below 1: Slipway is faster.

${table(
  "compared with",
  others.map((peer) => [
    peer.name,
    ...workloads.map((workload) => ratio(wall(own!, workload), wall(peer, workload))),
  ]),
)}

## Peak memory in MiB

Highest sum of proportional set sizes over the tool's process tree and its daemon, sampled.

${table(
  "tool",
  peers.map((peer) => [peer.name, ...workloads.map((workload) => count(memory(peer, workload)))]),
)}

## What is measured

- cached: a two-stage Dockerfile of twelve steps, built again without a change.
- one edit: the same with one of its 20 source files edited.
- 30 RUNs: thirty trivial RUNs in a row, none cached.
- 4 stages: four independent stages of one second each, and a fifth that copies from them.
- 50,000 files: COPY of 50,000 files of 2 KB that no tool has seen before, to an OCI archive.
- 1 GiB push: COPY of 64 files of 16 MiB that no tool has seen before and that gzip to about 0.62, pushed to a registry on loopback.

## Gaps

${[...slower, ...short, ...peers.flatMap(({ gaps }) => gaps), ...facts.gaps].map((gap) => `- ${gap}`).join("\n")}
`;
}

export interface ReportFacts {
  readonly date: string;
  readonly machine: string;
  /** The machine's load average of one minute before the first run: what else it was doing. */
  readonly loadBefore: string;
  readonly loadAfter: string;
  readonly gaps: readonly string[];
}

/** Processor, memory, kernel and load of this machine, as one line. */
export function describeMachine(): string {
  const model = /^model name\s*:\s*(.+)$/m.exec(readFileSync("/proc/cpuinfo", "utf8"))?.[1] ?? os.arch();
  const memory = Math.round(os.totalmem() / 2 ** 30);
  return `${os.availableParallelism()} cores of ${model}, ${memory} GiB, Linux ${os.release()}`;
}

function spread(values: readonly number[]): string {
  if (values.length === 0) return "–";
  const short = (value: number): string => (value < 10 ? value.toFixed(2) : value.toFixed(1));
  return `${short(median(values))} (${short(Math.min(...values))}–${short(Math.max(...values))}, n=${values.length})`;
}

function ratio(own: readonly number[], other: readonly number[]): string {
  return own.length === 0 || other.length === 0 ? "–" : (median(own) / median(other)).toFixed(2);
}

function count(value: number): string {
  return Number.isFinite(value) ? value.toFixed(0) : "–";
}
