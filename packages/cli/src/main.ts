import { runCommandLine } from "./command-line.ts";
import { hostOf } from "./host.ts";
import { processIo, type CliIo } from "./io.ts";
import { cliVersion } from "./version.ts";

/**
 * Runs one `slipway` command line and gives its exit status: 0 done, 1 failed, 2 wrong usage, 130 (143, 129)
 * interrupted. Never throws for anything that the person, the world or the build did; everything it says has been
 * written to `io` before it resolves.
 *
 * @param argv the arguments after `slipway`.
 */
export async function main(argv: readonly string[], io: CliIo = processIo()): Promise<number> {
  if (argv.length === 1 && (argv[0] === "--version" || argv[0] === "-V")) {
    io.stdout.write(`${cliVersion()}\n`);
    return 0;
  }
  await becomeRoot(argv);
  return runCommandLine(argv, hostOf(io));
}

/** Commands that have to do with the store, whose files belong to many users. */
const STORE_COMMANDS: ReadonlySet<string | undefined> = new Set(["build", "doctor", "du", "ir", "prune"]);

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
