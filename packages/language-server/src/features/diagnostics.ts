import { InvariantError, type SourceLocation } from "@slipway/oci";
import type { LintFinding, Problem, Span } from "@slipway/frontend-dockerfile/language";
import { type Diagnostic, DiagnosticSeverity, DiagnosticTag } from "vscode-languageserver";
import { SLIPWAY_DOCUMENTS } from "../documentation/reference-url.ts";
import type { DockerfileDocument } from "../documents/dockerfile-document.ts";
import type { ClientOptions } from "../server/client-options.ts";

/** Who diagnostics come from, as editors show it. */
export const DIAGNOSTIC_SOURCE = "slipway";

/** Files with more than this many mistakes have another problem than what is behind. */
const MAX_DIAGNOSTICS = 1000;

/** Everything that is wrong with a document, in the order of the file: mistakes first, then broken rules. */
export function diagnostics(document: DockerfileDocument, client: ClientOptions): Diagnostic[] {
  const { problems, failure } = document.analysis;
  const found: Diagnostic[] = [];
  if (failure !== undefined) found.push(failureDiagnostic(document, failure));
  for (const problem of problems.slice(0, MAX_DIAGNOSTICS))
    found.push(problemDiagnostic(document, problem, client));
  const places = new Set(
    found.map(({ range, message }) => `${range.start.line} ${range.start.character} ${message}`),
  );
  for (const finding of document.analysis.findings) {
    if (found.length >= MAX_DIAGNOSTICS) break;
    const diagnostic = findingDiagnostic(document, finding, client);
    const { start } = diagnostic.range;
    if (!places.has(`${start.line} ${start.character} ${diagnostic.message}`)) found.push(diagnostic);
  }
  return found;
}

function withHint(message: string, hint: string | undefined): string {
  return hint === undefined || hint === "" ? message : `${message}\n${hint}`;
}

function problemDiagnostic(
  document: DockerfileDocument,
  problem: Problem,
  client: ClientOptions,
): Diagnostic {
  const { code, message, hint, severity } = problem;
  return {
    range: document.range(problemSpan(document, problem)),
    severity: severity === "warning" ? DiagnosticSeverity.Warning : DiagnosticSeverity.Error,
    code,
    ...(client.codeDescriptions ? { codeDescription: { href: `${SLIPWAY_DOCUMENTS}errors.md` } } : {}),
    source: DIAGNOSTIC_SOURCE,
    message: withHint(message, hint),
  };
}

function findingDiagnostic(
  document: DockerfileDocument,
  finding: LintFinding,
  client: ClientOptions,
): Diagnostic {
  const { rule, severity, message, hint, url, span } = finding;
  const isDeprecation = rule === "MaintainerDeprecated";
  return {
    range: document.range(span),
    severity: severity === "error" ? DiagnosticSeverity.Error : DiagnosticSeverity.Warning,
    code: rule,
    ...(client.codeDescriptions ? { codeDescription: { href: url } } : {}),
    source: DIAGNOSTIC_SOURCE,
    message: withHint(message, hint),
    ...(isDeprecation && client.diagnosticTags ? { tags: [DiagnosticTag.Deprecated] } : {}),
  };
}

function failureDiagnostic(document: DockerfileDocument, failure: unknown): Diagnostic {
  const error = new InvariantError(
    `this file could not be read: ${failure instanceof Error ? failure.message : String(failure)}`,
  );
  return {
    range: document.range({ start: 0, end: 0 }),
    severity: DiagnosticSeverity.Error,
    code: error.code,
    source: DIAGNOSTIC_SOURCE,
    message: withHint(error.message, error.hint),
  };
}

/** Where a problem is, as offsets; the start of the file when it is nowhere. */
export function problemSpan(document: DockerfileDocument, { location }: Problem): Span {
  if (location === undefined) return { start: 0, end: 0 };
  return spanOf(document, location);
}

/** Lines of locations end at `\n` alone, columns count from 1 and the last one is inclusive. */
function spanOf(document: DockerfileDocument, location: SourceLocation): Span {
  const { source } = document.analysis.tree;
  const start = source.offset(location.line, location.column ?? 1);
  if (location.column === undefined) return { start, end: start + source.line(location.line).length };
  const end = source.offset(location.endLine ?? location.line, (location.endColumn ?? location.column) + 1);
  return { start, end: Math.min(document.text.length, Math.max(start, end)) };
}
