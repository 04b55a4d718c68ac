import type { Span } from "../syntax/source-text.ts";
import type { Word } from "../syntax/syntax-tree.ts";

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
