import type { SourceText, Span } from "../syntax/source-text.ts";

/** Where in a range a variable is used: `$name`, or `${name` up to the name's end; the whole range when it is not found. */
export function variableSpan(source: SourceText, span: Span, name: string): Span {
  const text = source.text.slice(span.start, span.end);
  for (const opening of ["${", "$"]) {
    for (let at = text.indexOf(opening + name); at >= 0; at = text.indexOf(opening + name, at + 1)) {
      const end = at + opening.length + name.length;
      // Names of one sign, such as $1 or $$, end at once.
      if (/^\w{2,}$/.test(name) && /\w/.test(text[end] ?? "")) continue;
      return { start: span.start + at, end: span.start + end };
    }
  }
  return span;
}
