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
      // Stars beside each other mean what one means.
      if (character === "?") pieces.push({ kind: "any" });
      else if (pieces.at(-1)?.kind !== "star") pieces.push({ kind: "star" });
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

/**
 * The first match from `from` on, as long as it can be. One pass for all places where a match may begin: each piece knows
 * the first of those from which it was reached. Trying them one after the other takes hours for a long text with many.
 */
function findMatch(pieces: readonly Piece[], characters: readonly string[], from: number): Match | undefined {
  const last = pieces.length;
  const head = pieces[0];
  let reached = new Float64Array(last + 1).fill(Infinity);
  let next = new Float64Array(last + 1);
  let best: Match | undefined;
  let isAlive = false;
  for (let at = from; at <= characters.length; at++) {
    if (best === undefined) {
      if (!isAlive && head?.kind === "literal") {
        at = characters.indexOf(head.character, at);
        if (at < 0) return undefined;
      }
      reached[0] = Math.min(reached[0]!, at);
    }
    for (let index = 0; index < last; index++)
      if (pieces[index]!.kind === "star") reached[index + 1] = Math.min(reached[index + 1]!, reached[index]!);
    const start = reached[last]!;
    if (start !== Infinity && (best === undefined || start <= best.start)) best = { start, end: at };
    const character = characters[at];
    if (character === undefined) break;
    next.fill(Infinity);
    isAlive = false;
    for (let index = 0; index < last; index++) {
      const piece = pieces[index]!;
      const began = reached[index]!;
      if (began === Infinity || (best !== undefined && began > best.start)) continue;
      if (piece.kind === "literal" ? piece.character !== character : character === "\n") continue;
      const to = piece.kind === "star" ? index : index + 1;
      next[to] = Math.min(next[to]!, began);
      isAlive = true;
    }
    [reached, next] = [next, reached];
    if (best !== undefined && !isAlive) break;
  }
  return best;
}

/** What comparing a text with a pattern may cost: pieces times characters, half a second or so. */
const MAX_COMPARISONS = 1 << 27;

function checkCost(pieces: readonly Piece[], characters: readonly string[]): void {
  if (pieces.length * characters.length <= MAX_COMPARISONS) return;
  throw new PatternError(
    `it has ${pieces.length} characters, too many for a value of ${characters.length} characters`,
  );
}

/**
 * Replaces what matches a shell pattern of `*`, `?` and backslash: the first match, or all of them. Each is as long as it
 * can be. Brackets are ordinary characters, as in Docker's shell lexer.
 * @throws PatternError when a backslash stands before anything but `* ? \ } /`, or when both texts are very long.
 */
export function replacePattern(
  value: string,
  pattern: string,
  options: { readonly replacement: string; readonly all: boolean },
): string {
  const pieces = parsePattern(pattern);
  const characters = [...value];
  checkCost(pieces, characters);
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
 * @throws PatternError as `replacePattern`.
 */
export function trimPattern(
  value: string,
  pattern: string,
  options: { readonly fromEnd: boolean; readonly greedy: boolean },
): string {
  const pieces = parsePattern(pattern);
  const characters = [...value];
  checkCost(pieces, characters);
  // The end of a text is the start of its mirror image.
  if (options.fromEnd) characters.reverse();
  const found = ends(options.fromEnd ? pieces.toReversed() : pieces, characters, 0);
  if (found === undefined) return value;
  const rest = characters.slice(found[options.greedy ? 1 : 0]);
  return (options.fromEnd ? rest.reverse() : rest).join("");
}
