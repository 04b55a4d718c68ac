import { includedFrom, linesOf, maskedSource, sourceExcerpt } from "./source-excerpt.ts";
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
  const placesByFile = Map.groupBy(answer.warnings, ({ location }) => location?.sourceIndex ?? 0);
  // Once for all findings, of which a file may have as many as lines.
  const sources = answer.sources.map(({ filename, text }, index) => {
    const places = (placesByFile.get(index) ?? []).map(({ position }) => position);
    return { filename, lines: linesOf(maskedSource(text, places) ?? "") };
  });
  const sourceOf = ({ location }: Pick<LintWarning, "location">): Source =>
    sources[location?.sourceIndex ?? 0];
  const lines = [
    ...answer.warnings.flatMap((warning) => entry(warning, sourceOf(warning))),
    ...answer.errors.flatMap((error) => errorEntry(error, sourceOf(error))),
    ...answer.notes.flatMap((note) => [`NOTE: ${note}`, ""]),
    summary(answer),
  ];
  return visibleText(`${lines.join("\n")}\n`);
}

type Source = { readonly filename: string; readonly lines: readonly string[] } | undefined;

function excerptOf(place: Pick<LintWarning, "position" | "location">, source: Source): string[] {
  const position = positionOf(place, source?.filename ?? "");
  return position === undefined ? [] : [...sourceExcerpt(position, source?.lines), ...includedFrom(position)];
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
  // Fragments are not written to: other files may include them, too.
  const fixable = warnings.filter(
    ({ fix, position }) => fix !== undefined && !fix.unsure && position?.includedFrom === undefined,
  ).length;
  const offer = fixable > 0 ? ` (${fixable} of them can be mended with slipway check --fix)` : "";
  return `Check complete, ${found} found${offer}.`;
}
