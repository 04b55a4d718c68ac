import { createDockerfileParser } from "../syntax/parser.ts";
import type { LintFinding, TextEdit } from "./finding.ts";
import { lint, type LintOptions } from "./lint.ts";

/** A fix may bring out what another rule mends; more rounds than this mean that two rules disagree. */
const MOST_ROUNDS = 10;

/** Makes the edits of fixes that do not touch each other; of those that do, the first. */
export function applyEdits(text: string, fixes: readonly (readonly TextEdit[])[]): string {
  const chosen: TextEdit[] = [];
  for (const edits of fixes) {
    const isFree = edits.every((edit) =>
      chosen.every((other) => edit.span.end < other.span.start || edit.span.start > other.span.end),
    );
    if (isFree) chosen.push(...edits);
  }
  let result = "";
  let at = 0;
  for (const { span, text: replacement } of chosen.sort((a, b) => a.span.start - b.span.start)) {
    result += text.slice(at, span.start) + replacement;
    at = span.end;
  }
  return result + text.slice(at);
}

/** What `--fix` has done. */
export interface FixedText {
  readonly text: string;
  /** What was mended, in the order in which it was found. */
  readonly fixed: readonly LintFinding[];
}

/**
 * Applies the fixes of all findings whose mend is certain, again and again until there are none. Everything else stays
 * byte for byte. The result of fixing a fixed text is the same text.
 */
export function fixText(text: string, options: Omit<LintOptions, "tree" | "checked"> = {}): FixedText {
  const mark = text.startsWith("\uFEFF") ? "\uFEFF" : "";
  let current = text.slice(mark.length);
  const fixed: LintFinding[] = [];
  // Making a parser takes longer than parsing an ordinary file with it.
  const parser = createDockerfileParser();
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const tree = parser.parse(current, { file: options.file ?? "Dockerfile", problems: [] });
    const findings = lint(current, { ...options, tree }).filter(
      ({ fix }) => fix !== undefined && fix.unsure !== true,
    );
    const next = applyEdits(
      current,
      findings.map(({ fix }) => fix!.edits),
    );
    if (next === current) break;
    // What one rule's fix undoes of another's is mended again: once is enough to tell.
    fixed.push(...findings.filter((finding) => !fixed.some((other) => isSame(finding, other))));
    current = next;
  }
  return { text: mark + current, fixed };
}

function isSame(a: LintFinding, b: LintFinding): boolean {
  return a.rule === b.rule && a.location.line === b.location.line;
}
