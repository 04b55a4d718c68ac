import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import path from "node:path";

export const WORKSPACE = path.resolve(import.meta.dirname, "../../..");
export const LAUNCHER = path.join(WORKSPACE, "packages/cli/bin/slipway.js");

export interface SlipwayOptions {
  /** Folder of the store. */
  readonly root: string;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Kills it (SIGKILL) when it takes longer. Default: 5 minutes. */
  readonly timeoutMs?: number;
}

/** A `slipway` that runs. */
export interface RunningSlipway {
  readonly child: ChildProcess;
  /** What it has printed so far, both streams. */
  output(): string;
  /** Resolves when it has printed `text`; rejects when it ends without. */
  printed(text: string): Promise<void>;
  ended(): Promise<SlipwayResult>;
}

export interface SlipwayResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly durationMs: number;
}

/** Starts the command as a person would, in a process group of its own, and does not wait for it. */
export function startSlipway(args: readonly string[], options: SlipwayOptions): RunningSlipway {
  const startedMs = performance.now();
  const child = spawn(process.execPath, [LAUNCHER, ...args], {
    cwd: options.cwd ?? WORKSPACE,
    env: {
      ...process.env,
      SLIPWAY_ROOT: options.root,
      NODE_OPTIONS: undefined,
      VITEST: undefined,
      ...options.env,
    },
    stdio: ["ignore", "pipe", "pipe"],
    detached: true,
    timeout: options.timeoutMs ?? 300_000,
    killSignal: "SIGKILL",
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const closed = once(child, "close") as Promise<[number | null, NodeJS.Signals | null]>;
  const ended = closed.then(([code, signal]) => ({
    code,
    signal,
    stdout,
    stderr,
    durationMs: performance.now() - startedMs,
  }));
  return {
    child,
    output: () => stdout + stderr,
    ended: () => ended,
    async printed(text) {
      for (;;) {
        if ((stdout + stderr).includes(text)) return;
        if (child.exitCode !== null || child.signalCode !== null) {
          throw new Error(`slipway ended without printing ${JSON.stringify(text)}:\n${stdout}${stderr}`);
        }
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
  };
}

/** Runs the command to its end, however it ends. */
export async function slipway(args: readonly string[], options: SlipwayOptions): Promise<SlipwayResult> {
  return startSlipway(args, options).ended();
}
