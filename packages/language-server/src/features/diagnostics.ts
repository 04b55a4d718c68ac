import { InvariantError, type SourceLocation } from "@slipway/oci";
import { type LintFinding, type Problem, SourceText, type Span } from "@slipway/frontend-dockerfile/language";
import { type Diagnostic, DiagnosticSeverity, DiagnosticTag } from "vscode-languageserver";
import { SLIPWAY_DOCUMENTS } from "../documentation/reference-url.ts";
import type { DockerfileDocument } from "../documents/dockerfile-document.ts";
import type { ClientOptions } from "../server/client-options.ts";

/** Who diagnostics come from, as editors show it. */
export const DIAGNOSTIC_SOURCE = "slipway";

/** Files with more than this many mistakes have another problem than what is behind. */
const MAX_DIAGNOSTICS = 1000;

/**
 * Everything that is wrong with a document, in the order of the file: mistakes first, then broken rules. What is wrong with a
 * fragment is told at the INCLUDE, unless the fragment's own document says it.
 * @param options.isOpen whether the client has a document open
 */
export function diagnostics(
  document: DockerfileDocument,
  client: ClientOptions,
  options: { readonly isOpen?: (uri: string) => boolean } = {},
): Diagnostic[] {
  const { analysis } = document;
  const found = new Found();
  if (analysis.failure !== undefined) found.add(failureDiagnostic(document, analysis.failure));
  for (const problem of analysis.problems.slice(0, MAX_DIAGNOSTICS))
    found.add(problemDiagnostic(document, problem, client));
  for (const finding of analysis.findings) {
    if (found.isFull) break;
    found.addNew(findingDiagnostic(document, finding, client));
  }
  for (const problem of [...analysis.fragmentProblems, ...analysis.fragmentFindings]) {
    const { location } = problem;
    const uri = location && analysis.fragments?.found.get(location.file)?.uri;
    const isToldThere = uri !== undefined && uri !== document.uri && options.isOpen?.(uri) === true;
    if (location === undefined || isToldThere) continue;
    if (found.isFull) break;
    const own =
      "rule" in problem
        ? findingDiagnostic(document, problem, client)
        : problemDiagnostic(document, problem, client);
    found.addNew(atInclude(document, { diagnostic: own, location }, client));
  }
  return found.all;
}

/** What the documents that include a fragment say of it. */
export function fragmentDiagnostics(
  fragment: DockerfileDocument,
  includers: readonly DockerfileDocument[],
  client: ClientOptions,
): Diagnostic[] {
  const found = new Found();
  for (const { analysis } of includers) {
    const isHere = ({ location }: Pick<Problem, "location">): boolean =>
      location !== undefined && analysis.fragments?.found.get(location.file)?.uri === fragment.uri;
    for (const problem of analysis.fragmentProblems)
      if (isHere(problem) && !found.isFull) found.addNew(problemDiagnostic(fragment, problem, client));
    for (const finding of analysis.fragmentFindings)
      if (isHere(finding) && !found.isFull)
        found.addNew(
          findingDiagnostic(fragment, { ...finding, span: spanOf(fragment, finding.location) }, client),
        );
  }
  return found.all;
}

/** Diagnostics, each place and message once. */
class Found {
  readonly all: Diagnostic[] = [];
  readonly #places = new Set<string>();

  get isFull(): boolean {
    return this.all.length >= MAX_DIAGNOSTICS;
  }

  add(diagnostic: Diagnostic): void {
    this.all.push(diagnostic);
    this.#places.add(placeOf(diagnostic));
  }

  addNew(diagnostic: Diagnostic): void {
    if (!this.#places.has(placeOf(diagnostic))) this.add(diagnostic);
  }
}

function placeOf({ range, message }: Diagnostic): string {
  return `${range.start.line} ${range.start.character} ${message}`;
}

/** A fragment's diagnostic at the INCLUDE of the document that brought it in. */
function atInclude(
  document: DockerfileDocument,
  { diagnostic, location }: { readonly diagnostic: Diagnostic; readonly location: SourceLocation },
  client: ClientOptions,
): Diagnostic {
  const { file, line, column } = location;
  let site = location;
  while (site.includedFrom !== undefined) site = site.includedFrom;
  const fragment = client.relatedInformation ? document.fragment(file) : undefined;
  const related = fragment && {
    location: { uri: fragment.uri, range: fragment.range(spanOf(fragment, location)) },
    message: `in ${file}`,
  };
  return {
    ...diagnostic,
    range: document.range(spanOf(document, site)),
    message: `${[file, line, column].filter((part) => part !== undefined).join(":")}: ${diagnostic.message as string}`,
    ...(related === undefined ? {} : { relatedInformation: [related] }),
  };
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
  const source = new SourceText(document.uri, document.text);
  const start = source.offset(location.line, location.column ?? 1);
  if (location.column === undefined) return { start, end: start + source.line(location.line).length };
  const end = source.offset(location.endLine ?? location.line, (location.endColumn ?? location.column) + 1);
  return { start, end: Math.min(document.text.length, Math.max(start, end)) };
}
