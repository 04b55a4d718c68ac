import { linesOf, maskedSource, sourceExcerpt } from "./source-excerpt.ts";
import { positionOf, type LintAnswer, type LintError, type LintWarning } from "./lint-answer.ts";
import { visibleText } from "./visible-text.ts";

export { readLintAnswer } from "./lint-answer.ts";

/** How many, in words that fit. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/**
 * What rules have found, as `docker build --check` lists it: rule, message, and the lines with what is at fault marked;
 * then what stops a build, and a summary. Ends with a line end.
 */
export function lintReport(answer: LintAnswer): string {
  const [first] = answer.sources;
  const places = answer.warnings.map(({ position }) => position);
  // Once for all findings, of which a file may have as many as lines.
  const source = first && {
    filename: first.filename,
    lines: linesOf(maskedSource(first.text, places) ?? ""),
  };
  const lines = [
    ...answer.warnings.flatMap((warning) => entry(warning, source)),
    ...answer.errors.flatMap((error) => errorEntry(error, source)),
    ...answer.notes.flatMap((note) => [`NOTE: ${note}`, ""]),
    summary(answer),
  ];
  return visibleText(`${lines.join("\n")}\n`);
}

type Source = { readonly filename: string; readonly lines: readonly string[] } | undefined;

function excerptOf(place: Pick<LintWarning, "position" | "location">, source: Source): string[] {
  const position = positionOf(place, source?.filename ?? "");
  return position === undefined ? [] : sourceExcerpt(position, source?.lines);
}

function entry(warning: LintWarning, source: Source): string[] {
  return [
    `WARNING: ${warning.ruleName}${warning.url ? ` - ${warning.url}` : ""}`,
    warning.detail,
    ...(warning.hint ? [`hint: ${warning.hint}`] : []),
    ...excerptOf(warning, source),
    "",
  ];
}

function errorEntry(error: LintError, source: Source): string[] {
  return [
    `ERROR: ${error.message}`,
    ...(error.hint ? [`hint: ${error.hint}`] : []),
    ...excerptOf(error, source),
    "",
  ];
}

function summary({ warnings, errors }: LintAnswer): string {
  if (warnings.length === 0 && errors.length === 0) return "Check complete, no warnings found.";
  const found = [
    ...(errors.length > 0 ? [counted(errors.length, "error")] : []),
    ...(warnings.length > 0 ? [counted(warnings.length, "warning")] : []),
  ].join(" and ");
  const fixable = warnings.filter(({ fix }) => fix !== undefined && !fix.unsure).length;
  const offer = fixable > 0 ? ` (${fixable} of them can be mended with slipway check --fix)` : "";
  return `Check complete, ${found} found${offer}.`;
}
