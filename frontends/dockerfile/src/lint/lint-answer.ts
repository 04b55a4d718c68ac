import type { SourceLocation } from "@slipway/oci";
import type { SubrequestAnswer } from "../subrequest.ts";
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
  readonly ranges?: readonly { readonly start: { line: number }; readonly end: { line: number } }[];
}

function rangesOf(lines: readonly number[]): Ranges {
  return lines.length === 0 ? {} : { ranges: lines.map((line) => ({ start: { line }, end: { line } })) };
}

function complaintRanges(location: SourceLocation | undefined): Ranges {
  if (location === undefined) return {};
  const last = location.endLine ?? location.line;
  return rangesOf(Array.from({ length: last - location.line + 1 }, (_, index) => location.line + index));
}

/** Line, column (from 1, in UTF-16 code units) and last column, inclusive. */
function positionOf(location: SourceLocation | undefined): object | undefined {
  if (location === undefined) return undefined;
  const { file, line, column, endLine, endColumn, excerpt } = location;
  return { file, line, column, endLine: endLine ?? line, endColumn, excerpt };
}

/** BuildKit's text for one finding. */
function textOf({ rule, url, message, lines, location }: LintFinding, source: SourceText): string {
  const first = lines[0] ?? location.line;
  const last = lines.at(-1) ?? first;
  const total = source.position(source.text.length).line;
  const excerpt: string[] = [];
  for (let line = Math.max(1, first - 2); line <= Math.min(total, last + 2); line++) {
    const marked = line >= first && line <= last;
    const text =
      line === location.line && location.excerpt !== undefined ? location.excerpt : source.line(line);
    excerpt.push(`${String(line).padStart(4)} | ${marked ? ">>>" : "   "} ${text}`.trimEnd());
  }
  const rule80 = "--------------------";
  return `\nWARNING: ${rule} - ${url}\n${message}\n${source.file}:${first}\n${rule80}\n${excerpt.join("\n")}\n${rule80}\n`;
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
  const position = (span: Span): object => ({ start: span.start, end: span.end });
  const json = {
    warnings: [
      ...findings.map(({ rule, url, message, lines, hint, severity, location, span, fix }) => ({
        ruleName: rule,
        description: descriptions.get(rule) ?? "",
        url,
        detail: message,
        location: rangesOf(lines),
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
        location: complaintRanges(location),
        severity: "warning",
        hint,
        position: positionOf(location),
      })),
    ],
    sources: [{ filename: source.file, data: Buffer.from(bytes).toString("base64"), language: "Dockerfile" }],
    ...(notes.length === 0 ? {} : { notes }),
    ...(first === undefined
      ? {}
      : { buildError: { message: first.message, location: complaintRanges(first.location) } }),
    ...(first === undefined
      ? {}
      : {
          errors: mistakes.map(({ code, message, hint, location }) => ({
            code,
            message,
            hint,
            location: complaintRanges(location),
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
