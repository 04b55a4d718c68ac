import { isDebugEnvironment } from "./debug-mode.ts";
import { hostOf, type Host } from "./host.ts";
import type { CliIo } from "./io.ts";

/** Runs a command line with the real engine. */
export async function runAsUser(argv: readonly string[], io: CliIo): Promise<number> {
  await becomeRoot(argv);
  return runCommandLine(argv, hostOf(io));
}

/** Commands that have to do with the store, whose files belong to many users. */
const STORE_COMMANDS: ReadonlySet<string | undefined> = new Set([
  "build",
  "check",
  "doctor",
  "du",
  "ir",
  "prune",
  "outline",
  "targets",
]);

/** An ordinary user's command runs again as root of a user namespace; first of all, since it reads its input anew. */
async function becomeRoot(argv: readonly string[]): Promise<void> {
  if (process.getuid?.() === 0 || !STORE_COMMANDS.has(argv[0])) return;
  const { enterUserNamespace } = await import("@slipway/sandbox");
  try {
    enterUserNamespace();
  } catch {
    // Builds without RUN work all the same; a step that needs the namespace says what is missing.
  }
}

/** Like `main`, with an engine of the caller's choice. */
export async function runCommandLine(argv: readonly string[], host: Host): Promise<number> {
  try {
    const { runProgram } = await import("./program.ts");
    return await runProgram(argv, host);
  } catch (error) {
    const { errorReport } = await import("./report/error-report.ts");
    const { exitStatusOf } = await import("./exit-status.ts");
    const debug = argv.includes("--debug") || argv.includes("-D") || isDebugEnvironment(host.env);
    host.stderr.write(errorReport(error, { debug }));
    return exitStatusOf(error);
  }
}
