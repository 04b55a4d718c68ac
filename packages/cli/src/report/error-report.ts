import { InputError, InvariantError, SlipwayError, WorldError } from "@slipway/oci";
import { printableLine } from "../display/cell-text.ts";
import type { Trace } from "../display/trace.ts";
import { formatLineTime } from "../display/units.ts";
import { includedFrom, sourceExcerpt } from "./source-excerpt.ts";
import { visibleText } from "./visible-text.ts";

export interface ErrorReportOptions {
  /** Show codes, causes and stacks. */
  readonly debug: boolean;
  /** Steps whose output belongs to the error. */
  readonly trace?: Trace;
  /** The text of a build file by the name that locations use, when it is at hand. */
  readonly readSource?: (file: string) => string | undefined;
}

/**
 * What is printed when a command fails: the output of the failed step, the place in the build file, the message, what
 * to do about it. Ends with a line end.
 */
export function errorReport(error: unknown, options: ErrorReportOptions): string {
  const lines: string[] = [];
  for (const step of options.trace?.failedSteps() ?? []) {
    if (step.tail.length === 0) continue;
    lines.push("------", ` > ${step.name.replace(/\s*\n\s*/g, " ")}:`);
    for (const line of step.tail)
      lines.push(
        `${formatLineTime(line.timestampMs - (step.startedMs ?? line.timestampMs))} ${printableLine(line.text)}`,
      );
    lines.push("------");
  }
  const location = findLocation(error);
  const about: string[] = [];
  if (location) about.push(...sourceExcerpt(location, options.readSource?.(location.file)));
  about.push(...includedFrom(location));
  about.push(...describe(error, options));
  lines.push(...about.map(visibleText));
  return `${lines.join("\n")}\n`;
}

function describe(error: unknown, options: ErrorReportOptions): string[] {
  if (error instanceof AggregateError && error.errors.length > 0 && !(error instanceof SlipwayError)) {
    return error.errors.flatMap((each) => describe(each, options));
  }
  const lines = [
    `ERROR: ${messageOf(error)}${options.debug && error instanceof SlipwayError ? ` [${error.code}]` : ""}`,
  ];
  const hint = hintOf(error);
  if (hint) lines.push(`hint: ${hint}`);
  for (const other of otherMistakes(error)) lines.push(other);
  if (options.debug) {
    if (error instanceof SlipwayError && Object.keys(error.data).length > 0)
      lines.push(`data: ${JSON.stringify(error.data)}`);
    for (const cause of causes(error)) lines.push(`caused by: ${messageOf(cause)}`);
  }
  if (error instanceof Error && error.stack && (options.debug || error instanceof InvariantError)) {
    lines.push(error.stack.slice(error.stack.indexOf("\n    at ") + 1));
  }
  return lines;
}

/** Further mistakes of the same file, a line each: frontends that find several at once put them in `data.others`. */
function otherMistakes(error: unknown): string[] {
  const others = error instanceof InputError ? error.data["others"] : undefined;
  if (!Array.isArray(others)) return [];
  // A hint that was given is not given again: lists of instructions would bury the mistakes.
  const hints = new Set([(error as InputError).hint]);
  return others
    .slice(0, MOST_OTHERS)
    .map((other: Partial<Pick<InputError, "message" | "hint" | "location">>) => {
      const { file, line, column } = other.location ?? {};
      const place = [file, line, column].filter((part) => part !== undefined).join(":");
      const sites = includedFrom(other.location).map((site) => `, ${site}`);
      const hint = other.hint && !hints.has(other.hint) ? ` (${other.hint})` : "";
      hints.add(other.hint);
      return `${place === "" ? "" : `${place}: `}${other.message ?? "another mistake"}${sites.join("")}${hint}`;
    });
}

const MOST_OTHERS = 20;

function messageOf(error: unknown): string {
  if (error instanceof SlipwayError) return error.message;
  if (!(error instanceof Error)) return String(error);
  // Errors of the system (`ENOSPC: no space left on device, write`) speak for themselves; others are ours.
  return "code" in error || error.name === "AbortError"
    ? error.message
    : `unexpected ${error.name}: ${error.message}`;
}

const SYSTEM_HINTS: Readonly<Record<string, string>> = {
  ENOSPC: "The disk is full: free space, run `slipway prune`, or put the store elsewhere with --root.",
  EDQUOT: "Your disk quota is used up: run `slipway prune`, or put the store elsewhere with --root.",
  EROFS: "The file system is read-only: put the store elsewhere with --root.",
  EACCES: "Slipway may not read or write this path: check its owner and mode.",
  EMFILE: "Too many files are open: raise the limit with `ulimit -n`.",
};

function hintOf(error: unknown): string | undefined {
  if (error instanceof SlipwayError) return error.hint;
  for (const each of [error, ...causes(error)]) {
    const code = (each as { code?: unknown } | undefined)?.code;
    if (typeof code === "string" && SYSTEM_HINTS[code]) return SYSTEM_HINTS[code];
  }
  if (error instanceof Error && !("code" in error) && error.name !== "AbortError")
    return "This is probably a bug in Slipway: run it again with --debug and report what it prints.";
  return undefined;
}

function causes(error: unknown): unknown[] {
  const found: unknown[] = [];
  for (
    let cause = (error as Error | undefined)?.cause;
    cause !== undefined && found.length < 10;
    cause = (cause as Error).cause
  ) {
    found.push(cause);
    if (!(cause instanceof Error)) break;
  }
  return found;
}

function findLocation(error: unknown): InputError["location"] {
  for (const each of [error, ...causes(error)]) {
    if ((each instanceof InputError || each instanceof WorldError) && each.location) return each.location;
  }
  return undefined;
}
