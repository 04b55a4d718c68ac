import type { SourceLocation } from "@slipway/oci";
import type { SubrequestAnswer } from "../subrequest-answer.ts";
import type { SourceText, Span } from "../syntax/source-text.ts";
import type { LintFinding } from "./finding.ts";
import { RULES } from "./rules.ts";

interface Complaint {
  readonly code: string;
  readonly message: string;
  readonly hint?: string | undefined;
  readonly location?: SourceLocation | undefined;
}

interface AnswerInput {
  readonly findings: readonly LintFinding[];
  /** What a build warns of that no rule says. */
  readonly warnings: readonly Complaint[];
  /** What would stop a build. */
  readonly mistakes: readonly Complaint[];
  /** What could not be looked at. */
  readonly notes: readonly string[];
  readonly source: SourceText;
  readonly bytes: Uint8Array;
}

interface Ranges {
  readonly sourceIndex?: number;
  readonly ranges?: readonly { readonly start: { line: number }; readonly end: { line: number } }[];
}

/** @param file index of what the lines are of */
function rangesOf(lines: readonly number[], file: number): Ranges {
  if (lines.length === 0) return {};
  const ranges = lines.map((line) => ({ start: { line }, end: { line } }));
  return file > 0 ? { sourceIndex: file, ranges } : { ranges };
}

function complaintRanges(location: SourceLocation | undefined, source: SourceText): Ranges {
  if (location === undefined) return {};
  const last = location.endLine ?? location.line;
  const isFragment = location.includedFrom !== undefined;
  const file = isFragment ? source.files.findLastIndex((each) => each.file === location.file) : 0;
  return rangesOf(
    Array.from({ length: last - location.line + 1 }, (_, index) => location.line + index),
    file,
  );
}

/** Line, column (from 1, in UTF-16 code units) and last column, inclusive. */
function positionOf(location: SourceLocation | undefined): object | undefined {
  if (location === undefined) return undefined;
  const { file, line, column, endLine, endColumn, excerpt, includedFrom } = location;
  return {
    file,
    line,
    column,
    endLine: endLine ?? line,
    endColumn,
    excerpt,
    includedFrom: sitesOf(includedFrom),
  };
}

/** The INCLUDE that brought a place's file in, and so on up to the build file; undefined for the build file's own. */
function sitesOf(location: SourceLocation | undefined): object | undefined {
  if (location === undefined) return undefined;
  const { file, line, column, includedFrom } = location;
  return { file, line, column, includedFrom: sitesOf(includedFrom) };
}

/** BuildKit's text for one finding; where a fragment was included is our own. */
function textOf({ rule, url, message, lines, location, span }: LintFinding, source: SourceText): string {
  const first = lines[0] ?? location.line;
  const last = lines.at(-1) ?? first;
  const file = source.fileIndex(span.start);
  const total = source.lineCount(file);
  const excerpt: string[] = [];
  for (let line = Math.max(1, first - 2); line <= Math.min(total, last + 2); line++) {
    const marked = line >= first && line <= last;
    const text =
      line === location.line && location.excerpt !== undefined ? location.excerpt : source.line(line, file);
    excerpt.push(`${String(line).padStart(4)} | ${marked ? ">>>" : "   "} ${text}`.trimEnd());
  }
  const rule80 = "--------------------";
  const sites: string[] = [];
  for (let from = location.includedFrom; from !== undefined; from = from.includedFrom)
    sites.push(`included from ${from.file}:${from.line}\n`);
  return `\nWARNING: ${rule} - ${url}\n${message}\n${location.file}:${first}\n${rule80}\n${excerpt.join("\n")}\n${rule80}\n${sites.join("")}`;
}

/**
 * Puts findings into the form of BuildKit's answer: `warnings`, `sources` and `buildError`, lines only. What BuildKit
 * does not have comes beside it: exact positions, hints, fixes, and all mistakes instead of the first.
 * @see facts of BuildKit's wire, "Subrequests"
 */
export function lintAnswer({
  findings,
  warnings,
  mistakes,
  notes,
  source,
  bytes,
}: AnswerInput): SubrequestAnswer {
  const descriptions = new Map(RULES.map(({ name, description }) => [name, description]));
  const [first] = mistakes;
  // Offsets count from the start of the file that the place is in.
  const position = ({ start, end }: Span): Span => {
    const origin = source.files[source.fileIndex(start)]!.start;
    return { start: start - origin, end: end - origin };
  };
  const fixIn = ({ fix, span }: LintFinding): LintFinding["fix"] => {
    const file = source.fileIndex(span.start);
    if (fix?.edits.every((edit) => source.fileIndex(edit.span.start) === file) !== true) return undefined;
    return { ...fix, edits: fix.edits.map((edit) => ({ ...edit, span: position(edit.span) })) };
  };
  const json = {
    warnings: [
      ...findings
        .map((finding) => ({ ...finding, fix: fixIn(finding) }))
        .map(({ rule, url, message, lines, hint, severity, location, span, fix }) => ({
          ruleName: rule,
          description: descriptions.get(rule) ?? "",
          url,
          detail: message,
          location: rangesOf(lines, source.fileIndex(span.start)),
          severity,
          hint,
          position: { ...positionOf(location), ...position(span) },
          fix,
        })),
      ...warnings.map(({ code, message, hint, location }) => ({
        ruleName: code,
        description: "",
        url: "",
        detail: message,
        location: complaintRanges(location, source),
        severity: "warning",
        hint,
        position: positionOf(location),
      })),
    ],
    sources: source.files.map(({ file, text }, index) => ({
      filename: file,
      data: Buffer.from(index === 0 ? bytes : text).toString("base64"),
      language: "Dockerfile",
    })),
    ...(notes.length === 0 ? {} : { notes }),
    ...(first === undefined
      ? {}
      : { buildError: { message: first.message, location: complaintRanges(first.location, source) } }),
    ...(first === undefined
      ? {}
      : {
          errors: mistakes.map(({ code, message, hint, location }) => ({
            code,
            message,
            hint,
            location: complaintRanges(location, source),
            position: positionOf(location),
          })),
        }),
  };
  const isClean = findings.length + warnings.length === 0 && first === undefined;
  return {
    "result.json": Buffer.from(JSON.stringify(json, undefined, 2), "utf8"),
    "result.txt": Buffer.from(findings.map((finding) => textOf(finding, source)).join(""), "utf8"),
    "result.statuscode": Buffer.from(isClean ? "0" : "1", "utf8"),
    version: Buffer.from("1.0.0", "utf8"),
  };
}
