import { spawn } from "node:child_process";

export interface RunOptions {
  readonly cwd?: string;
  /** Added to this process's environment; undefined removes. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly input?: string | Uint8Array;
  /** Kills the process (SIGKILL) and rejects when it takes longer. Default: 10 minutes. */
  readonly timeoutMs?: number;
  /** Resolve although the exit status is not 0. Default: reject. */
  readonly allowFailure?: boolean;
}

export interface CommandResult {
  /** Exit status; null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly durationMs: number;
}

/** Runs a program to its end and keeps what it printed. @throws Error with the output when it fails. */
export async function runCommand(
  command: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<CommandResult> {
  const startedMs = performance.now();
  const child = spawn(command, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ["pipe", "pipe", "pipe"],
    timeout: options.timeoutMs ?? 600_000,
    killSignal: "SIGKILL",
  });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
  // A program that does not read its input to the end is no error of ours.
  child.stdin.on("error", () => {});
  child.stdin.end(options.input ?? "");
  const { code, signal } = await new Promise<Pick<CommandResult, "code" | "signal">>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (exitCode, exitSignal) => resolve({ code: exitCode, signal: exitSignal }));
  });
  const result: CommandResult = {
    code,
    signal,
    stdout: Buffer.concat(stdout).toString(),
    stderr: Buffer.concat(stderr).toString(),
    durationMs: performance.now() - startedMs,
  };
  if (code !== 0 && options.allowFailure !== true) {
    throw new Error(
      `${command} ${args.join(" ")} ended with ${signal ?? `status ${code}`}\n${result.stderr.slice(-4000)}${result.stdout.slice(-2000)}`,
    );
  }
  return result;
}
