import { expandText, ExpansionError, type ExpandOptions } from "../expand/expand.ts";

/** The opening of a here-document as it stands in a line. */
export interface HeredocOpening {
  readonly name: string;
  readonly expand: boolean;
  readonly stripTabs: boolean;
  /** `<<NAME` as written. */
  readonly written: string;
}

const MAY_CONTAIN = /^[\t\v\f\r ]*(?:onbuild[\t\v\f\r ]+)*(?:run|copy|add)[\t\v\f\r ]/i;
const SEPARATED = /(?<=[\s\u0085]|^)(\d*<<)([\t\n\f\r ]+)(?=[^\t\n\f\r ])/g;
const PLACEHOLDER = "\uFFFF";
const OPENING = /^(\d*)<<(-?)([^<]*)$/;
function wordsOf(text: string, options: ExpandOptions): readonly string[] {
  try {
    return expandText(text, () => undefined, options).words;
  } catch (error) {
    // Quotes that do not match are the shell's business, not ours: such a line opens nothing.
    if (error instanceof ExpansionError) return [];
    throw error;
  }
}

/** Reads one word as the opening of a here-document; null when it is none. */
export function parseHeredocOpening(word: string, escape: "\\" | "`" = "\\"): HeredocOpening | null {
  const match = OPENING.exec(word);
  if (match === null) return null;
  const rest = match[3]!;
  const plain = wordsOf(rest, { escape, keepUnset: true });
  if (plain.length !== 1) return null;
  const quoted = wordsOf(rest, { escape, keepUnset: true, keepQuotes: true });
  return { name: plain[0]!, expand: plain[0] === quoted[0], stripTabs: match[2] === "-", written: word };
}

/**
 * The here-documents that a line of RUN, COPY or ADD opens, in order. A JSON array opens none, since everything in it is
 * quoted. The shell's backslash escapes here, whatever the file's escape character is.
 * @see Dockerfile reference, "Here-Documents"
 */
export function heredocOpenings(line: string): readonly HeredocOpening[] {
  if (!line.includes("<<")) return [];
  const keyword = MAY_CONTAIN.exec(line);
  if (keyword === null) return [];
  // White space may stand between `<<` and the name. A character that no text has holds its place among the words.
  const blanks: string[] = [];
  const rest = line.slice(keyword[0].length).replace(SEPARATED, (_, operator: string, blank: string) => {
    blanks.push(blank);
    return operator + PLACEHOLDER;
  });
  const openings: HeredocOpening[] = [];
  for (const word of wordsOf(rest, { keepUnset: true, keepQuotes: true, keepEscapes: true })) {
    const opening = parseHeredocOpening(word.replaceAll(PLACEHOLDER, () => blanks.shift() ?? " "));
    if (opening !== null) openings.push(opening);
  }
  return openings;
}
