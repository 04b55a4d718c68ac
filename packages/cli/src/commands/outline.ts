import { statSync } from "node:fs";
import path from "node:path";
import { EXIT_OK } from "../exit-status.ts";
import type { Host } from "../host.ts";
import { UsageError } from "../usage-error.ts";
import { askFrontend, type AskFlags, type FrontendAnswer } from "./ask-frontend.ts";
import { visibleText } from "../report/visible-text.ts";
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

/** What to ask about: PATH is the context, or the build file itself. */
export function placeOf<Flags extends AskFlags>(
  place: string,
  flags: Flags,
  io: Host,
): { readonly context: string; readonly flags: Flags } {
  const file = path.resolve(io.cwd, place);
  const isFile =
    flags.file === undefined && place !== "-" && statSync(file, { throwIfNoEntry: false })?.isFile() === true;
  return isFile ? { context: path.dirname(file), flags: { ...flags, file } } : { context: place, flags };
}

/** Prints an answer, and the warnings that came with it. */
export async function printAnswer(answer: FrontendAnswer, format: string, io: Host): Promise<void> {
  if (answer.warnings.length > 0) {
    const { warningReport } = await import("../report/warning-report.ts");
    io.stderr.write(warningReport(answer.warnings));
  }
  const content = format === "json" ? `${answer.json.trimEnd()}\n` : visibleText(answer.text);
  await writeAll(io.stdout, content);
}

/** `slipway outline`: what a target can be told from outside. Runs none of its steps. */
export async function outlineCommand(place: string, flags: AnswerFlags, io: Host): Promise<number> {
  checkAnswerFormat(flags.format);
  const answer = await askFrontend({ requestid: "frontend.outline", ...placeOf(place, flags, io) }, io);
  if (answer.text === "" && flags.format === "text")
    io.stderr.write("The target takes no arguments, secrets, ssh agents or caches.\n");
  await printAnswer(answer, flags.format, io);
  return EXIT_OK;
}
