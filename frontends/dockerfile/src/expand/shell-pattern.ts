/** Why a text is not a pattern. */
export class PatternError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "PatternError";
  }
}

/** A literal character, `?` (any one) or `*` (any number); the last two stop at the end of a line. */
type Piece =
  | { readonly kind: "literal"; readonly character: string }
  | { readonly kind: "any" }
  | { readonly kind: "star" };

interface Match {
  readonly start: number;
  readonly end: number;
}

function parsePattern(pattern: string): readonly Piece[] {
  const pieces: Piece[] = [];
  const characters = [...pattern];
  for (let index = 0; index < characters.length; index++) {
    let character = characters[index]!;
    if (character === "*" || character === "?") {
      pieces.push(character === "*" ? { kind: "star" } : { kind: "any" });
      continue;
    }
    if (character === "\\") {
      const next = characters[++index];
      // `}` and `/` are escaped for the sake of `${}` around them.
      if (next === undefined || !"*?\\}/".includes(next))
        throw new PatternError(`"\\${next ?? ""}" is not an escape`);
      character = next;
    }
    pieces.push({ kind: "literal", character });
  }
  return pieces;
}

/**
 * Where matches that begin at `start` may end, as the first and the last such place; undefined when there is none.
 * Walks all possibilities at once: a regular expression would try them one after the other, and a pattern of many stars
 * could keep it busy for years.
 */
function ends(
  pieces: readonly Piece[],
  characters: readonly string[],
  start: number,
): readonly [number, number] | undefined {
  let reached = new Uint8Array(characters.length + 1);
  reached[start] = 1;
  for (const piece of pieces) {
    const next = new Uint8Array(characters.length + 1);
    let any = false;
    for (let at = start; at <= characters.length; at++) {
      if (piece.kind === "star") {
        if (reached[at] || (at > start && next[at - 1] && characters[at - 1] !== "\n")) next[at] = 1;
        any ||= next[at] === 1;
        continue;
      }
      const character = characters[at];
      if (!reached[at] || character === undefined) continue;
      if (piece.kind === "any" ? character !== "\n" : character === piece.character) {
        next[at + 1] = 1;
        any = true;
      }
    }
    if (!any) return undefined;
    reached = next;
  }
  return [reached.indexOf(1), reached.lastIndexOf(1)];
}

/** The first match from `from` on, as long as it can be. */
function findMatch(pieces: readonly Piece[], characters: readonly string[], from: number): Match | undefined {
  const [head] = pieces;
  const hasStar = pieces.some(({ kind }) => kind === "star");
  for (let start = from; start <= characters.length; start++) {
    if (head?.kind === "literal" && characters[start] !== head.character) continue;
    const found = ends(pieces, characters.slice(start, hasStar ? undefined : start + pieces.length), 0);
    if (found !== undefined) return { start, end: start + found[1] };
  }
  return undefined;
}

/**
 * Replaces what matches a shell pattern of `*`, `?` and backslash: the first match, or all of them. Each is as long as it
 * can be. Brackets are ordinary characters, as in Docker's shell lexer.
 * @throws PatternError when a backslash stands before anything but `* ? \ } /`.
 */
export function replacePattern(
  value: string,
  pattern: string,
  options: { readonly replacement: string; readonly all: boolean },
): string {
  const pieces = parsePattern(pattern);
  const characters = [...value];
  let result = "";
  let at = 0;
  let lastEnd = -1;
  while (at <= characters.length) {
    const match = findMatch(pieces, characters, at);
    if (match === undefined) break;
    const { start, end } = match;
    result += characters.slice(at, start).join("");
    // Nothing is not found again right behind a match.
    if (end > start || start !== lastEnd) result += options.replacement;
    lastEnd = end;
    at = end;
    if (end === start) result += characters[at++] ?? "";
    if (!options.all) break;
  }
  return result + characters.slice(at).join("");
}

/**
 * Cuts the part that matches `pattern` off the start (or the end) of `value`: the longest when `greedy`, else the shortest.
 * @throws PatternError when the pattern is none.
 */
export function trimPattern(
  value: string,
  pattern: string,
  options: { readonly fromEnd: boolean; readonly greedy: boolean },
): string {
  const pieces = parsePattern(pattern);
  const characters = [...value];
  // The end of a text is the start of its mirror image.
  if (options.fromEnd) characters.reverse();
  const found = ends(options.fromEnd ? pieces.toReversed() : pieces, characters, 0);
  if (found === undefined) return value;
  const rest = characters.slice(found[options.greedy ? 1 : 0]);
  return (options.fromEnd ? rest.reverse() : rest).join("");
}
