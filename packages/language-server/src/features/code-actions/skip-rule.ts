import type { LintFinding, Span, TextEdit } from "@slipway/frontend-dockerfile/language";
import type { DockerfileDocument } from "../../documents/dockerfile-document.ts";

const SKIP = /(\bskip\s*=\s*)([^;\s]*)/i;

/**
 * Turns a rule off for the instruction that a finding is in, by the comment above it that is for checks. Above the first
 * instruction a comment may be a directive, which is for the whole file; the title says which.
 */
export function skipRule(
  document: DockerfileDocument,
  { rule, span }: LintFinding,
): { title: string; edit: TextEdit } {
  const { text, analysis } = document;
  const node = analysis.instructionBefore(span.start);
  const directive = analysis.tree.directives.find(({ name }) => name === "check");
  const comment = node?.comments.find((each) => /^check\s*=/i.test(each.text));
  const lineStart = text.lastIndexOf("\n", (node?.span.start ?? span.start) - 1) + 1;
  const directivesEnd = analysis.tree.directives.at(-1)?.span.end ?? 0;
  const isTop = text.slice(directivesEnd, lineStart).trim() === "" && comment === undefined;
  const title = `Skip ${rule} ${isTop ? "in this file" : "for this instruction"}`;
  const existing = isTop ? directive : comment;
  if (existing !== undefined) return { title, edit: addTo(text, existing.span, rule) };
  const eol = text.includes("\r\n") ? "\r\n" : "\n";
  // A directive has to stand right behind the other ones.
  const behind = isTop && directivesEnd > 0 ? text.indexOf("\n", directivesEnd) + 1 : 0;
  const at = isTop ? behind : lineStart;
  return { title, edit: { span: { start: at, end: at }, text: `# check=skip=${rule}${eol}` } };
}

/** Adds a rule to a `check=` comment. */
function addTo(text: string, span: Span, rule: string): TextEdit {
  const written = text.slice(span.start, span.end);
  const skip = SKIP.exec(written);
  if (skip === null) return { span: { start: span.end, end: span.end }, text: `;skip=${rule}` };
  const end = span.start + skip.index + skip[0].length;
  return { span: { start: end, end }, text: `${skip[2] === "" ? "" : ","}${rule}` };
}
