// History entries are read by people who know them from Docker, which writes them with Go's formatting verbs.

const NAMED: Readonly<Record<string, string>> = {
  "\u0007": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
};
/** What Go takes for printable. */
const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u;

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, "0");
}

/** A string as Go's `%q` writes it. */
export function goQuote(text: string): string {
  let quoted = "";
  for (const character of text) {
    const code = character.codePointAt(0)!;
    if (character === '"' || character === "\\") quoted += `\\${character}`;
    else if (character in NAMED) quoted += NAMED[character];
    else if (code < 0x20 || code === 0x7f) quoted += `\\x${hex(code, 2)}`;
    else if (PRINTABLE.test(character)) quoted += character;
    else quoted += code < 0x1_0000 ? `\\u${hex(code, 4)}` : `\\U${hex(code, 8)}`;
  }
  return `"${quoted}"`;
}

/** A list as Go's `%q` writes it: `["a" "b"]`. */
export function goQuoteList(list: readonly string[]): string {
  return `[${list.map(goQuote).join(" ")}]`;
}

/** A list as Go's `%v` writes it: `[a b]`. */
export function goList(list: readonly string[]): string {
  return `[${list.join(" ")}]`;
}
