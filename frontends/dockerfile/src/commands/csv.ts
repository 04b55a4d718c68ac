import type { Span } from "../syntax/source-text.ts";
import type { Word } from "../syntax/syntax-tree.ts";

/** A field that is quoted as a whole, or free of quotes, and what ends it. */
const FIELD = /(?:"(?:[^"]|"")*"|[^",]*)(?:,|$)/y;

/**
 * Splits a value at its commas; a field in double quotes may hold commas, and a doubled quote stands for one.
 * The fields know their places when the value stands in the file as it is.
 */
export function splitCsv(value: Word): readonly Word[] {
  const exact = value.span.end - value.span.start === value.text.length;
  const fields: Word[] = [];
  let text = "";
  let start = 0;
  let quoted = false;
  const push = (end: number): void => {
    const span: Span = exact ? { start: value.span.start + start, end: value.span.start + end } : value.span;
    fields.push({ text, span });
    text = "";
    start = end + 1;
  };
  for (let at = 0; at < value.text.length; at++) {
    const character = value.text[at]!;
    if (quoted && character === '"' && value.text[at + 1] === '"') {
      text += '"';
      at++;
    } else if (character === '"' && (quoted || at === start)) quoted = !quoted;
    else if (character === "," && !quoted) push(at);
    else text += character;
  }
  push(value.text.length);
  return fields;
}

/** What is wrong with the quotes of such a value, and where; undefined when nothing is. */
export function csvMistake(value: Word): Word | undefined {
  const exact = value.span.end - value.span.start === value.text.length;
  let at = 0;
  for (; at < value.text.length; at = FIELD.lastIndex) {
    FIELD.lastIndex = at;
    if (!FIELD.test(value.text)) break;
  }
  if (at >= value.text.length) return undefined;
  const span = exact ? { start: value.span.start + at, end: value.span.end } : value.span;
  return { text: value.text.slice(at), span };
}
