import { writeSync } from "node:fs";
import { flushCompileCache } from "node:module";
import { becomeProcess } from "../stub/become-process.ts";
import { bindLibc } from "../stub/libc.ts";
import { readJob } from "../stub/read-job.ts";
import { StubFailure } from "../stub/stub-failure.ts";
import { stubFds, type StubMessage } from "../stub-protocol.ts";

// The entry file of a stub: a Node process, the first in a PID namespace of its own, that is started ahead of need,
// waits for its job, and becomes the process that the job names. See stub-launcher.ts.

function say(message: StubMessage): void {
  writeSync(stubFds.control, `${JSON.stringify(message)}\n`);
}

async function main(): Promise<void> {
  const libc = bindLibc(process.argv[2] || undefined);
  // execve skips what Node does at its exit.
  flushCompileCache();
  const job = readJob();
  if (job === undefined) return;
  try {
    if (job.runtime === undefined) becomeProcess(libc, job, say);
    const { superviseRuntime } = await import("../stub/supervise-runtime.ts");
    superviseRuntime(libc, job, { runtime: job.runtime, say });
  } catch (error) {
    say(
      error instanceof StubFailure
        ? { kind: "failed", code: error.code, message: error.message, hint: error.hint }
        : {
            kind: "failed",
            code: "SANDBOX_START_FAILED",
            message: `the sandbox can't be set up: ${(error as Error).message}`,
            hint: "Run `slipway doctor` to see what this machine allows.",
          },
    );
    process.exitCode = 125;
  }
}

await main();
