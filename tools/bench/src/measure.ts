import { spawn } from "node:child_process";
import { sampleMemory } from "./memory-sampler.ts";
import type { BuildTask, Command, Peer } from "./peer.ts";

export interface Measurement {
  readonly wallMs: number;
  readonly peakBytes: number;
}

/** Does the task with the tool and measures it. @throws Error with the tool's output when it fails */
export async function measure(peer: Peer, task: BuildTask): Promise<Measurement> {
  const startedMs = performance.now();
  let peakBytes = 0;
  for (const command of peer.commands(task)) {
    peakBytes = Math.max(peakBytes, await runMeasured(peer, command));
  }
  return { wallMs: performance.now() - startedMs, peakBytes };
}

async function runMeasured(peer: Peer, { command, args, env }: Command): Promise<number> {
  const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
  const output: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => output.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => output.push(chunk));
  const closed = new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  const sampler = sampleMemory([child.pid ?? 0, ...peer.daemonPids]);
  const code = await closed.finally(() => sampler.stop());
  if (code !== 0) {
    const tail = Buffer.concat(output).toString().slice(-4000);
    throw new Error(`${command} ${args.join(" ")} ended with ${code}\n${tail}`);
  }
  return sampler.stop();
}
