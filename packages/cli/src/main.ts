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
  const status = await run(argv, io);
  await io.flush?.();
  return status;
}

async function run(argv: readonly string[], io: CliIo): Promise<number> {
  if (argv.length === 1 && (argv[0] === "--version" || argv[0] === "-V")) {
    io.stdout.write(`${cliVersion()}\n`);
    return 0;
  }
  try {
    void io.cwd;
  } catch {
    io.stderr.write("ERROR: the current folder has been deleted\nhint: Change to a folder that there is.\n");
    return 1;
  }
  // All else is one module of its own, so that asking for the version loads nothing but this.
  const { runAsUser } = await import("./command-line.ts");
  return runAsUser(argv, io);
}
