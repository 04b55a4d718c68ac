import { expandText, ExpansionError, type Lookup } from "../../expand/expand.ts";
import type { WrongBytes } from "../load/decode-text.ts";
import type { Heredoc } from "../../syntax/syntax-tree.ts";
import { failAt, type Site } from "../site-error.ts";

/** Longer texts are expanded line by line. In UTF-16 code units. */
const LONG_TEXT = 1 << 18;

/** A text without the tabs at the beginning of its lines, as `<<-` means it. */
export function withoutTabs(text: string): string {
  return text.replace(/(^|\n)\t+/g, "$1");
}

/**
 * A here-document as it is meant where nothing is expanded, byte for byte.
 * @param wrong what of the file that it stands in is no UTF-8, if anything
 */
export function heredocBytes(
  { content, stripTabs, body }: Heredoc,
  wrong: WrongBytes | undefined,
): Uint8Array {
  // Latin-1 has a character for each byte.
  const isWrong = wrong !== undefined && wrong.within(body).length > 0;
  const written = isWrong ? Buffer.from(wrong.bytes(body)).toString("latin1") : undefined;
  const text = written ?? content;
  return Buffer.from(stripTabs ? withoutTabs(text) : text, written === undefined ? "utf8" : "latin1");
}

/**
 * The text of a here-document that becomes a file: tabs stripped for `<<-`, then variables expanded unless its name is
 * quoted. Quotes mean themselves; the escape character is the backslash whatever the file's is; a byte-order mark at the
 * start of what is expanded goes away, as for BuildKit.
 * @throws InputError `EXPANSION_FAILED` with the place in the document
 */
export function heredocText(heredoc: Heredoc, lookup: Lookup, site: Site): string {
  const { content, expand, stripTabs, body } = heredoc;
  const stripped = stripTabs ? withoutTabs(content) : content;
  if (!expand) return stripped;
  const text = stripped.startsWith("\uFEFF") ? stripped.slice(1) : stripped;
  if (!/[$\\]/.test(text)) return text;
  // A word has a longest length, a document has not: what is long goes line by line.
  const pieces = text.length > LONG_TEXT ? text.split(/(?<=\n)/) : [text];
  let before = 0;
  let expanded = "";
  try {
    for (const piece of pieces) {
      expanded += expandText(piece, lookup, { escape: "\\", ignoreQuotes: true, keepMark: true }).text;
      before += piece.length;
    }
    return expanded;
  } catch (error) {
    if (!(error instanceof ExpansionError)) throw error;
    const offset = stripped.length - text.length + before + error.offset;
    const start = body.start + (stripTabs ? writtenOffset(content, offset) : offset);
    const lineEnd = content.indexOf("\n", start - body.start);
    const end = lineEnd < 0 ? body.end : body.start + lineEnd;
    const written = content.slice(start - body.start, end - body.start).slice(0, 80);
    return failAt(
      site,
      { start, end: Math.max(start, end) },
      {
        code: "EXPANSION_FAILED",
        message: `"${written}" in the here-document ${heredoc.name} cannot be expanded: ${error.message.trim()}`,
        hint:
          error.hint ??
          `Put a backslash before a $ that means itself, or quote the name, <<"${heredoc.name}", to take all as it is.`,
      },
    );
  }
}

/** Where in the document as written an offset is that was counted without the tabs at the beginning of lines. */
function writtenOffset(content: string, offset: number): number {
  let left = offset;
  let at = 0;
  for (;;) {
    while (content[at] === "\t") at++;
    const lineEnd = content.indexOf("\n", at);
    if (lineEnd < 0 || left <= lineEnd - at) return Math.min(at + left, content.length);
    left -= lineEnd + 1 - at;
    at = lineEnd + 1;
  }
}
