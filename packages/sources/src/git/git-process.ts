import { spawn } from "node:child_process";
import { SlipwayError, WorldError } from "@slipway/oci";
import { gitError } from "./git-errors.ts";

export interface GitRun {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** An existing folder. */
  readonly cwd: string;
  readonly signal: AbortSignal;
  /** Silence that ends it. */
  readonly idleTimeoutMs: number;
  /** A line of the progress that git tells on stderr. */
  readonly onLine?: (line: string) => void;
  /** What is being done, and with which repository, for messages. */
  readonly subject: string;
  /** Texts that no message may hold. */
  readonly secrets: readonly string[];
}

/**
 * Runs git, and beside it somebody who waits for the end of stdin, which we hold open: when this process dies, however it
 * dies, the whole group goes, helpers included, which would not notice.
 */
const SCRIPT =
  'exec 3<&0; git "$@" </dev/null 3<&- & g=$!; (exec >/dev/null 2>&1; read -r _ <&3; kill -KILL 0) & wait "$g"';
/** What a shell says of a program that is not there. */
const NOT_FOUND_STATUS = 127;

const MAX_OUTPUT_BYTES = 8 * 1024 * 1024;
const MAX_COMPLAINT_BYTES = 64 * 1024;

/**
 * Runs git in a process group of its own; gives what it writes to stdout. The group is killed when the signal is
 * aborted, when it falls silent, or when it writes too much.
 * @throws WorldError and InputError of git-errors.ts; the signal's reason
 */
export function runGit(run: GitRun): Promise<string> {
  const { signal, idleTimeoutMs } = run;
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const child = spawn("/bin/sh", ["-c", SCRIPT, "git", ...run.args], {
      cwd: run.cwd,
      env: { ...run.env },
      stdio: ["pipe", "pipe", "pipe"],
      detached: true,
    });
    let why: unknown;
    const kill = (reason: unknown): void => {
      why ??= reason;
      try {
        if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
      } catch {
        // The group has ended already.
      }
    };
    const onAbort = (): void => kill(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    let timer = setTimeout(() => {}, 0);
    const heard = (): void => {
      clearTimeout(timer);
      timer = setTimeout(() => kill(silence(run)), idleTimeoutMs);
    };
    heard();

    const output: Buffer[] = [];
    let outputBytes = 0;
    child.stdout.on("data", (chunk: Buffer) => {
      heard();
      output.push(chunk);
      outputBytes += chunk.length;
      if (outputBytes > MAX_OUTPUT_BYTES) kill(tooMuch(run));
    });
    let complaint = "";
    let line = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      heard();
      complaint = (complaint + text).slice(-MAX_COMPLAINT_BYTES);
      const lines = (line + text).slice(-MAX_COMPLAINT_BYTES).split(/[\r\n]+/);
      line = lines.pop() ?? "";
      for (const one of lines) run.onLine?.(one);
    });
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
    };
    child.stdin.on("error", () => undefined);
    child.on("error", (error) => {
      end();
      reject(error);
    });
    child.on("close", (status) => {
      end();
      // Whatever outlives git itself (a helper that does not notice) ends with it.
      kill(undefined);
      if (why !== undefined) reject(why as Error);
      else if (status === NOT_FOUND_STATUS) reject(missing());
      else if (status === 0) resolve(Buffer.concat(output).toString("utf8"));
      else reject(gitError(complaint, run));
    });
  });
}

/** True for errors after which the same command may work. */
export function isRetryable(error: unknown): boolean {
  return error instanceof SlipwayError && error instanceof WorldError && error.retryable;
}

function silence(run: GitRun): WorldError {
  return new WorldError(
    "GIT_TIMEOUT",
    `could not ${run.subject}: nothing came for ${run.idleTimeoutMs / 1000} seconds`,
    {
      retryable: true,
      hint: "Check the network, or try again later.",
    },
  );
}

function tooMuch(run: GitRun): WorldError {
  return new WorldError("GIT_FAILED", `could not ${run.subject}: the answer is too long`, {
    hint: "Check the address: this is not what a repository says.",
  });
}

function missing(): WorldError {
  return new WorldError("GIT_MISSING", "fetching from a git repository needs the program `git`", {
    hint: "Install git, or lend a clone with --build-context name=FOLDER.",
  });
}
