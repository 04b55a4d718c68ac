/** Number of single-character insertions, deletions, substitutions and swaps of neighbours between two words. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      let best = Math.min(last[column]! + 1, current[column - 1]! + 1, last[column - 1]! + (same ? 0 : 1));
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        best = Math.min(best, beforeLast[column - 2]! + 1);
      }
      current.push(best);
    }
    beforeLast = last;
    last = current;
  }
  return last[b.length]!;
}

/**
 * The name of `candidates` that was probably meant by `written`, compared without case; undefined when none is near:
 * at most a third of the letters differ.
 */
export function nearestName(written: string, candidates: Iterable<string>): string | undefined {
  const wanted = written.toLowerCase();
  // Names of a hundred letters are not typing mistakes of each other, and the table is quadratic.
  if (wanted.length > 100) return undefined;
  let best: string | undefined;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const allowed = Math.max(1, Math.floor(Math.max(wanted.length, candidate.length) / 3));
    if (Math.abs(wanted.length - candidate.length) > allowed) continue;
    const distance = editDistance(wanted, candidate.toLowerCase());
    if (distance <= allowed && distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** `Did you mean X?` or `otherwise`. */
export function didYouMean(written: string, candidates: Iterable<string>, otherwise: string): string {
  const nearest = nearestName(written, candidates);
  return nearest === undefined ? otherwise : `Did you mean ${nearest}?`;
}
