import type { ExecOp } from "@slipway/ir";
import { InputError, unreachable } from "@slipway/oci";
import type { SandboxExit } from "@slipway/engine-sdk";

/** Of a command in a message; the build file has the rest. */
const MOST_CHARACTERS = 1000;

/** The error of a process that did not end as it should; undefined when it did. */
export function processFailure(exit: SandboxExit, op: ExecOp): InputError | undefined {
  const whole = op.meta.args.join(" ");
  const command = whole.length <= MOST_CHARACTERS ? whole : `${whole.slice(0, MOST_CHARACTERS)} …`;
  const failed = `process "${command}" did not complete successfully`;
  switch (exit.kind) {
    case "exited": {
      const valid = op.meta.validExitCodes.length > 0 ? op.meta.validExitCodes : [0];
      if (valid.includes(exit.code)) return undefined;
      return new InputError("RUN_FAILED", `${failed}: exit code: ${exit.code}`, {
        hint: hintForExitCode(exit.code),
        data: { exitCode: exit.code },
      });
    }
    case "signaled":
      return new InputError("RUN_KILLED", `${failed}: killed by ${exit.signal}`, {
        hint:
          exit.signal === "SIGKILL"
            ? "Something outside the step killed it: look for a limit on memory or time."
            : "The program crashed: its own output above says more.",
        data: { signal: exit.signal },
      });
    case "out-of-memory":
      return new InputError("RUN_OUT_OF_MEMORY", `${failed}: the kernel killed it because memory ran out`, {
        hint: "Give the build more memory, or let the step use less (for example fewer parallel jobs).",
        data: { outOfMemory: true },
      });
    default:
      return unreachable(exit, "exit");
  }
}

function hintForExitCode(code: number): string {
  if (code === 126) return "The command was found but can't be executed: check its mode and its interpreter.";
  if (code === 127) return "The command was not found: install it in an earlier step, or check PATH.";
  return "The output of the step above says why.";
}
