// What counts as white space is Go's notion, since BuildKit's parser is written in Go: JavaScript's `\s` and `trim` take
// U+FEFF and leave U+0085.

/** White space other than a line feed, as the inside of a character class. @see Go, unicode.IsSpace */
export const BLANKS = "\\t\\v\\f\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";

/** White space that separates words; the wider notion only counts at the ends of a line and around flags and pairs. */
export const WORD_BLANKS = "\\t\\v\\f\\r ";

/** Whether a UTF-16 code unit is white space; line feeds are. */
export function isSpace(code: number): boolean {
  if (code <= 0x20) return code === 0x20 || (code >= 0x09 && code <= 0x0d);
  if (code < 0x85) return false;
  return (
    code === 0x85 ||
    code === 0xa0 ||
    code === 0x1680 ||
    (code >= 0x2000 && code <= 0x200a) ||
    code === 0x2028 ||
    code === 0x2029 ||
    code === 0x202f ||
    code === 0x205f ||
    code === 0x3000
  );
}

/** Number of white-space characters at the start. */
export function leadingSpace(text: string): number {
  let at = 0;
  while (at < text.length && isSpace(text.charCodeAt(at))) at++;
  return at;
}

export function trimSpaceEnd(text: string): string {
  let end = text.length;
  while (end > 0 && isSpace(text.charCodeAt(end - 1))) end--;
  return end === text.length ? text : text.slice(0, end);
}

export function trimSpace(text: string): string {
  return trimSpaceEnd(text).slice(leadingSpace(trimSpaceEnd(text)));
}
