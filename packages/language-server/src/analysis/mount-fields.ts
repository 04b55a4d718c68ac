import type { Span } from "@slipway/frontend-dockerfile/language";

/** One `key=value` of a `--mount`. */
export interface MountField {
  readonly span: Span;
  /** As written, without quotes. */
  readonly key: string;
  readonly keySpan: Span;
  /** Absent when there is no `=`. */
  readonly value?: string;
  readonly valueSpan?: Span;
}

/** Splits the value of a `--mount` as it stands in a text into its fields. */
export function mountFields(text: string, span: Span): readonly MountField[] {
  const fields: MountField[] = [];
  let quote = "";
  let start = span.start;
  const push = (end: number): void => {
    fields.push(readField(text, { start, end }));
    start = end + 1;
  };
  for (let at = span.start; at < span.end; at++) {
    const character = text[at]!;
    if (quote !== "") {
      if (character === quote) quote = "";
    } else if (character === '"' || character === "'") quote = character;
    else if (character === ",") push(at);
  }
  push(span.end);
  return fields;
}

function readField(text: string, outer: Span): MountField {
  let { start, end } = outer;
  while (start < end && /["']/.test(text[start]!)) start++;
  while (end > start && /["']/.test(text[end - 1]!)) end--;
  const span = { start, end };
  const written = text.slice(start, end);
  const split = written.indexOf("=");
  if (split < 0) return { span, key: written, keySpan: span };
  return {
    span,
    key: written.slice(0, split),
    keySpan: { start, end: start + split },
    value: written.slice(split + 1),
    valueSpan: { start: start + split + 1, end },
  };
}
