import { readFileSync } from "node:fs";
import path from "node:path";
import type { Formatter, Problem } from "@slipway/frontend-dockerfile/language";
import { InputError, WorldError } from "@slipway/oci";
import { isDebugEnvironment } from "../debug-mode.ts";
import { EXIT_FAILED, EXIT_OK } from "../exit-status.ts";
import type { Host } from "../host.ts";
import { visibleText } from "../report/visible-text.ts";
import { UsageError } from "../usage-error.ts";
import { namedBuildFiles } from "./find-build-files.ts";
import { replaceFile } from "./replace-file.ts";
import { unifiedDiff } from "./unified-diff.ts";
import { writeAll } from "./write-output.ts";

export interface FmtFlags {
  /** Write nothing, fail when a file would change. */
  readonly check?: boolean;
  /** Write nothing, show what would change. */
  readonly diff?: boolean;
  /** Write also with `diff`. */
  readonly write?: boolean;
}

/** A file as it is, and as it should be. */
interface Formatted {
  readonly name: string;
  readonly before: string;
  readonly after: string;
  readonly problems: readonly Problem[];
}

/**
 * `slipway fmt`: lays out Dockerfiles, in place unless a flag says otherwise, and names those that it changed.
 * Gives 1 when a file could not be read, parsed or written, and under `check` when one would change.
 * @throws UsageError; InputError when there is no such file
 */
export async function fmtCommand(names: readonly string[], flags: FmtFlags, io: Host): Promise<number> {
  if (flags.check && flags.write)
    throw new UsageError(
      "--check and --write contradict each other",
      "--check writes nothing. Leave one away.",
    );
  const usesStdin = names.includes("-");
  if (usesStdin && names.length > 1)
    throw new UsageError("stdin can't be formatted together with files", "Give - alone, or files only.");
  if (usesStdin && flags.write) throw new UsageError("stdin can't be written to", "Leave --write away.");
  const { createFormatter } = await import("@slipway/frontend-dockerfile/language");
  const formatter = createFormatter();
  if (usesStdin) return formatStdin(formatter, flags, io);

  const writes = flags.write === true || (!flags.check && !flags.diff);
  let status = EXIT_OK;
  for (const name of namedBuildFiles(names.length > 0 ? names : ["."], io.cwd)) {
    try {
      const file = path.resolve(io.cwd, name);
      const formatted = formatBytes(formatter, { name, bytes: readFile(file, name) });
      const changes = formatted.after !== formatted.before;
      if (changes && writes) replaceFile(file, formatted.after);
      if (changes && flags.check) status = EXIT_FAILED;
      if (flags.diff) await writeAll(io.stdout, unifiedDiff(name, formatted.before, formatted.after));
      else if (changes) await writeAll(io.stdout, `${io.stdout.isTTY === true ? visibleText(name) : name}\n`);
      if (await reportProblems(formatted, io)) status = EXIT_FAILED;
    } catch (error) {
      // One file that cannot be read or written does not keep the others from being formatted.
      if (!(error instanceof InputError) && !(error instanceof WorldError)) throw error;
      await report(error, io);
      status = EXIT_FAILED;
    }
  }
  return status;
}

async function formatStdin(formatter: Formatter, flags: FmtFlags, io: Host): Promise<number> {
  if (io.stdin.isTTY)
    throw new UsageError(
      "the file should come from stdin, which is a terminal",
      "slipway fmt - < Dockerfile",
    );
  const chunks: Buffer[] = [];
  for await (const chunk of io.stdin) chunks.push(Buffer.from(chunk as Uint8Array));
  const formatted = formatBytes(formatter, { name: "stdin", bytes: Buffer.concat(chunks) });
  const changes = formatted.after !== formatted.before;
  if (flags.diff) await writeAll(io.stdout, unifiedDiff("stdin", formatted.before, formatted.after));
  else if (!flags.check) await writeAll(io.stdout, formatted.after);
  else if (changes) await writeAll(io.stdout, "stdin\n");
  const failed = await reportProblems(formatted, io);
  return failed || (flags.check && changes) ? EXIT_FAILED : EXIT_OK;
}

function readFile(file: string, name: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new WorldError("BUILD_FILE_UNREADABLE", `can't read ${name}: ${(error as Error).message}`, {
      hint: "Check its mode and owner.",
      cause: error,
    });
  }
}

/** @throws InputError `BUILD_FILE_ENCODING` */
function formatBytes(formatter: Formatter, { name, bytes }: { name: string; bytes: Buffer }): Formatted {
  let before: string;
  try {
    before = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw new InputError("BUILD_FILE_ENCODING", `${name} is not UTF-8`, {
      hint: "Save it as UTF-8: other encodings can't be told from one another.",
      cause: error,
    });
  }
  const { text, problems } = formatter.format(before, { file: name });
  return { name, before, after: text, problems };
}

/** @returns true when there was one */
async function reportProblems({ problems }: Formatted, io: Host): Promise<boolean> {
  const [first, ...others] = problems;
  if (first === undefined) return false;
  const { code, message, hint, location } = first;
  await report(new InputError(code, message, { hint, location, data: { others } }), io);
  return true;
}

async function report(error: unknown, io: Host): Promise<void> {
  const { errorReport } = await import("../report/error-report.ts");
  io.stderr.write(errorReport(error, { debug: isDebugEnvironment(io.env) }));
}
