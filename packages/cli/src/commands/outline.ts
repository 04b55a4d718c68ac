import { EXIT_OK } from "../exit-status.ts";
import type { Host } from "../host.ts";
import { UsageError } from "../usage-error.ts";
import { askFrontend, type AskFlags, type FrontendAnswer } from "./ask-frontend.ts";
import { writeAll } from "./write-output.ts";

export interface AnswerFlags extends AskFlags {
  /** `text` or `json`. */
  readonly format: string;
}

/** @throws UsageError */
export function checkAnswerFormat(format: string): void {
  if (format !== "text" && format !== "json")
    throw new UsageError(`--format "${format}" is not supported`, "Use text or json.");
}

/** Prints an answer, and the warnings that came with it. */
export async function printAnswer(answer: FrontendAnswer, format: string, io: Host): Promise<void> {
  if (answer.warnings.length > 0) {
    const { warningReport } = await import("../report/warning-report.ts");
    io.stderr.write(warningReport(answer.warnings));
  }
  const content = format === "json" ? `${answer.json.trimEnd()}\n` : answer.text;
  await writeAll(io.stdout, content);
}

/** `slipway outline`: what a target can be told from outside. Runs none of its steps. */
export async function outlineCommand(context: string, flags: AnswerFlags, io: Host): Promise<number> {
  checkAnswerFormat(flags.format);
  const answer = await askFrontend({ requestid: "frontend.outline", context, flags }, io);
  if (answer.text === "" && flags.format === "text")
    io.stderr.write("The target takes no arguments, secrets, ssh agents or caches.\n");
  await printAnswer(answer, flags.format, io);
  return EXIT_OK;
}
