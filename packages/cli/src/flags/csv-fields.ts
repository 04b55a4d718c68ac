import { UsageError } from "../usage-error.ts";

/**
 * Splits one line of comma-separated values. A field that starts with `"` ends at the next lone `"`; two of them stand
 * for one.
 * @see RFC 4180, section 2
 * @throws UsageError when a quote is not closed or followed by something else than a comma.
 */
export function csvFields(line: string, flag: string): string[] {
  const fields: string[] = [];
  let at = 0;
  for (;;) {
    if (line[at] === '"') {
      let value = "";
      for (at++; ; at++) {
        if (at >= line.length) throw new UsageError(`${flag}: a quote is not closed in "${line}"`);
        if (line[at] !== '"') value += line[at];
        else if (line[at + 1] === '"') value += line[at++];
        else break;
      }
      at++;
      if (at < line.length && line[at] !== ",")
        throw new UsageError(`${flag}: a quoted value ends too early in "${line}"`);
      fields.push(value);
    } else {
      const comma = line.indexOf(",", at);
      const value = line.slice(at, comma < 0 ? undefined : comma);
      if (value.includes('"')) {
        throw new UsageError(
          `${flag}: a quote in the middle of a value in "${line}"`,
          "Quote the whole field: '\"key=a,b\",other=c'.",
        );
      }
      fields.push(value);
      at = comma < 0 ? line.length : comma;
    }
    if (at >= line.length) return fields;
    at++;
  }
}

/**
 * Fields of the form `key=value` as a map; keys in lower case.
 * @throws UsageError when a field has no `=` or a key comes twice.
 */
export function csvPairs(line: string, flag: string): Map<string, string> {
  const pairs = new Map<string, string>();
  for (const field of csvFields(line, flag)) {
    const equals = field.indexOf("=");
    if (equals <= 0) throw new UsageError(`${flag}: "${field}" is not of the form key=value`);
    const key = field.slice(0, equals).trim().toLowerCase();
    if (pairs.has(key)) throw new UsageError(`${flag}: "${key}" is given twice in "${line}"`);
    pairs.set(key, field.slice(equals + 1));
  }
  return pairs;
}
