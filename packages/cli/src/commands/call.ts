import { EXIT_FAILED, EXIT_OK } from "../exit-status.ts";
import type { CallFlag } from "../flags/call-flag.ts";
import type { Host } from "../host.ts";
import { askFrontend, type AskFlags } from "./ask-frontend.ts";
import { writeAll } from "./write-output.ts";

/** `slipway build --call=…`: prints the frontend's answer. Gives the exit status. */
export async function callCommand(
  context: string,
  flags: AskFlags,
  { io, call }: { readonly io: Host; readonly call: CallFlag & { readonly requestId: string } },
): Promise<number> {
  const requestid = call.requestId;
  const isLint = requestid === "frontend.lint";
  const { json, text, status, warnings } = await askFrontend(
    { requestid, context, flags, ...(isLint ? { options: { "lint:set": "check" } } : {}) },
    io,
  );
  if (!isLint && warnings.length > 0) {
    const { warningReport } = await import("../report/warning-report.ts");
    io.stderr.write(warningReport(warnings));
  }
  if (isLint && call.format === "text") {
    const { lintReport, readLintAnswer } = await import("../report/lint-report.ts");
    await writeAll(io.stdout, lintReport(readLintAnswer(json)));
  } else {
    const result = call.format === "json" ? json : text || json;
    await writeAll(io.stdout, result.endsWith("\n") || result === "" ? result : `${result}\n`);
  }
  return call.ignoresStatus || status === "" || status === "0" ? EXIT_OK : EXIT_FAILED;
}
