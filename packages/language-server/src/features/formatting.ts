import type { Range, TextEdit } from "vscode-languageserver";
import type { DockerfileDocument } from "../documents/dockerfile-document.ts";
import { changedLines } from "./changed-lines.ts";

/**
 * The edits that bring a document, or the lines of a range, into the form that `slipway fmt` gives it. Lines that stay
 * are not touched, so that editors keep cursors and folds.
 */
export function formatting(
  document: DockerfileDocument,
  options: { readonly format: (text: string) => string; readonly range?: Range },
): TextEdit[] {
  const formatted = options.format(document.text);
  if (formatted === document.text) return [];
  const first = options.range?.start.line ?? 0;
  const last = options.range === undefined ? Number.POSITIVE_INFINITY : options.range.end.line;
  return changedLines(document.text, formatted)
    .map(({ span, text }) => ({ range: document.range(span), newText: text }))
    .filter(({ range }) => range.start.line <= last && range.end.line >= first);
}
