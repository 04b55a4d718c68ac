import type { Span } from "@slipway/frontend-dockerfile/language";

/** How far texts may have drifted apart before what follows is one change. */
const MAX_DRIFT = 200;

/**
 * The changes, each of whole lines, that make one text another: not the fewest that there could be, but found in a time
 * that grows with the texts' lengths alone. In order, without overlaps.
 */
export function changedLines(
  before: string,
  after: string,
): readonly { readonly span: Span; readonly text: string }[] {
  const old = lines(before);
  const fresh = lines(after);
  const changes: { span: Span; text: string }[] = [];
  let offset = 0;
  let [left, right] = [0, 0];
  while (left < old.length || right < fresh.length) {
    if (old[left] === fresh[right]) {
      offset += old[left]!.length;
      left++;
      right++;
      continue;
    }
    const [skipLeft, skipRight] = nextMatch(old, fresh, { left, right });
    const removed = old.slice(left, left + skipLeft).join("");
    const added = fresh.slice(right, right + skipRight).join("");
    changes.push({ span: { start: offset, end: offset + removed.length }, text: added });
    offset += removed.length;
    left += skipLeft;
    right += skipRight;
  }
  return changes;
}

/** With their line ends. */
function lines(text: string): string[] {
  return text.match(/[^\n]*\n|[^\n]+$/g) ?? [];
}

/** How many lines of each text to skip to come to one that both have. */
function nextMatch(
  old: readonly string[],
  fresh: readonly string[],
  { left, right }: { left: number; right: number },
): [number, number] {
  for (let drift = 1; drift <= MAX_DRIFT; drift++) {
    for (let skip = 0; skip <= drift; skip++) {
      const [a, b] = [left + skip, right + drift - skip];
      if (a < old.length && b < fresh.length && old[a] === fresh[b] && old[a]!.trim() !== "")
        return [skip, drift - skip];
    }
  }
  return [old.length - left, fresh.length - right];
}
