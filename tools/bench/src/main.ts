// npm run bench -- [--runs 3] [--only cached,push] [--tools slipway,buildah,docker,buildkit] [--write docs/benchmarks.md]
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";
import { pushBaseImage } from "@slipway/images";
import { startRegistry } from "@slipway/testing/fixtures";
import { startBuildah } from "./buildah-peer.ts";
import { startBuildkit } from "./buildkit-peer.ts";
import { mountDisk } from "./disk.ts";
import { startDocker } from "./docker-peer.ts";
import { measure, type Measurement } from "./measure.ts";
import type { BuildTask, Peer, StartPeer } from "./peer.ts";
import { describeMachine, renderReport } from "./report.ts";
import { findSection } from "./section.ts";
import { startSlipway } from "./slipway-peer.ts";
import type { Workload } from "./workload.ts";
import { WORKLOADS } from "./workloads.ts";

const STARTERS: readonly (readonly [id: string, start: StartPeer])[] = [
  ["slipway", startSlipway],
  ["docker", startDocker],
  ["buildkit", startBuildkit],
  ["buildah", startBuildah],
];

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "3" },
    only: { type: "string" },
    tools: { type: "string" },
    write: { type: "string" },
    "disk-gib": { type: "string", default: "60" },
  },
});

async function main(): Promise<void> {
  if (process.getuid?.() !== 0)
    throw new Error("the benchmark mounts a disk and starts daemons: run it as root");
  const runs = Number(values.runs);
  const workloads = WORKLOADS.filter(
    ({ id }) => values.only === undefined || values.only.split(",").includes(id),
  );
  const gaps: string[] = [];
  const loadBefore = loadAverage();
  if (Number(loadBefore) > 1)
    gaps.push("The machine did other work at the same time: take the numbers as proportions.");
  if (runs < 3) gaps.push("Less than three runs of some workloads: one slow moment of the machine decides.");
  await using disk = await mountDisk(Number(values["disk-gib"]));
  const contexts = path.join(disk.path, "contexts");
  mkdirSync(contexts);
  await using registry = await startRegistry({ storage: path.join(disk.path, "registry") });
  await pushBaseImage("busybox", registry.host);

  const peers: Peer[] = [];
  try {
    for (const [id, start] of STARTERS) {
      if (values.tools !== undefined && !values.tools.split(",").includes(id)) continue;
      const state = path.join(disk.path, id);
      mkdirSync(state);
      const peer = await start({ state, registry: registry.host });
      if (peer === undefined) gaps.push(`${id} is not on this machine.`);
      else peers.push(peer);
    }
    const results = new Map(peers.map((peer) => [peer, new Map<Workload, Measurement[]>()]));
    for (const workload of workloads) {
      const settings = { contexts, registry: registry.host };
      const outputFor = (peer: Peer, run: number): BuildTask["output"] => {
        const name = `${workload.id}-${peers.indexOf(peer)}-${run}`;
        switch (workload.output) {
          case "store":
            return { kind: "store" };
          case "archive":
            return { kind: "archive", file: path.join(disk.path, `${name}.tar`) };
          case "push":
            return { kind: "push", image: `${registry.host}/${name}:latest` };
        }
      };
      const warmUp = workload.warmUp?.(settings);
      for (const peer of peers) if (warmUp !== undefined) await measure(peer, warmUp);
      const broken = new Set<Peer>();
      for (let run = 1; run <= runs * (workload.runsFactor ?? 1); run++) {
        const task = workload.prepare(settings, run);
        // Whoever comes first finds the context in the page cache just as warm as the last; still, take turns.
        const turn = run % peers.length;
        for (const peer of [...peers.slice(turn), ...peers.slice(0, turn)]) {
          if (broken.has(peer)) continue;
          try {
            const measurement = await measure(peer, { ...task, output: outputFor(peer, run) });
            const list = results.get(peer)!;
            list.set(workload, [...(list.get(workload) ?? []), measurement]);
            console.log(
              `${workload.id} ${run} ${peer.name}: ${(measurement.wallMs / 1000).toFixed(3)} s, ${(measurement.peakBytes / 2 ** 20).toFixed(0)} MiB`,
            );
          } catch (error) {
            broken.add(peer);
            gaps.push(`${peer.name} failed at "${workload.title}".`);
            console.log(`${workload.id} ${run} ${peer.name} FAILED: ${String(error)}`);
          }
        }
      }
    }
    const date = new Date().toISOString().slice(0, 10);
    const report = renderReport(results, workloads, {
      ...{ date, machine: describeMachine(), gaps },
      ...{ loadBefore, loadAfter: loadAverage() },
    });
    console.log(`\n${report}`);
    if (values.write !== undefined) writeFileSync(values.write, keepSections(report, values.write));
  } finally {
    for (const peer of peers) await peer.stop();
  }
}

/** The report with the parts of the old file that other programs wrote. */
function keepSections(report: string, file: string): string {
  const parse = existsSync(file) ? findSection(readFileSync(file, "utf8"), "parse") : undefined;
  return parse === undefined ? report : `${report.trimEnd()}\n\n${parse}\n`;
}

function loadAverage(): string {
  return (os.loadavg()[0] ?? 0).toFixed(1);
}

await main();
