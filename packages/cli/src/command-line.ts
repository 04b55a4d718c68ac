import { isDebugEnvironment } from "./debug-mode.ts";
import type { Host } from "./host.ts";

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
