import type { Formatter } from "@slipway/frontend-dockerfile/language";
import type { Range, TextEdit } from "vscode-languageserver";
import type { DockerfileDocument } from "../documents/dockerfile-document.ts";
import { changedLines } from "./changed-lines.ts";

/**
 * The edits that bring a document, or the lines of a range, into the form that `slipway fmt` gives it: whatever the
 * editor's own settings are, so that both agree. Lines that stay are not touched, so that cursors and folds stay, too.
 */
export function formatting(
  document: DockerfileDocument,
  options: { readonly formatter: Formatter; readonly range?: Range },
): TextEdit[] {
  const { formatter, range } = options;
  const { text } = formatter.format(document.text);
  const edits = changedLines(document.text, text).map((change) => ({
    range: document.range(change.span),
    newText: change.text,
  }));
  if (range === undefined) return edits;
  const first = range.start.line;
  // A range that ends before a line's first character does not include that line.
  const last = range.end.character === 0 && range.end.line > first ? range.end.line - 1 : range.end.line;
  return edits.filter(({ range: { start, end } }) => {
    const isInsertion = start.line === end.line;
    return start.line <= last && (isInsertion ? start.line >= first : end.line > first);
  });
}
