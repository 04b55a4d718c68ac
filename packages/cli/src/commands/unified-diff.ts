/** Lines of context around a change. */
const CONTEXT = 3;
/** Edits beyond which a diff is not worth its time: then everything counts as changed. */
const MOST_EDITS = 2000;

interface Edit {
  readonly kind: " " | "-" | "+";
  readonly line: string;
}

/** Fewest edits from one list of lines to another. @see Myers, "An O(ND) Difference Algorithm" (1986), the greedy form */
function editsBetween(before: readonly string[], after: readonly string[]): Edit[] {
  const furthest = new Map<number, number>([[1, 0]]);
  const history: Map<number, number>[] = [];
  for (let count = 0; count <= Math.min(before.length + after.length, MOST_EDITS); count++) {
    history.push(new Map(furthest));
    for (let diagonal = -count; diagonal <= count; diagonal += 2) {
      const left = furthest.get(diagonal - 1) ?? -1;
      const above = furthest.get(diagonal + 1) ?? -1;
      let x = diagonal === -count || (diagonal !== count && left < above) ? above : left + 1;
      while (x < before.length && x - diagonal < after.length && before[x] === after[x - diagonal]) x++;
      furthest.set(diagonal, x);
      if (x >= before.length && x - diagonal >= after.length) return walkBack(before, after, history);
    }
  }
  return [
    ...before.map((line): Edit => ({ kind: "-", line })),
    ...after.map((line): Edit => ({ kind: "+", line })),
  ];
}

function walkBack(
  before: readonly string[],
  after: readonly string[],
  history: readonly ReadonlyMap<number, number>[],
): Edit[] {
  const edits: Edit[] = [];
  let x = before.length;
  let y = after.length;
  for (let count = history.length - 1; count >= 0; count--) {
    const furthest = history[count]!;
    const diagonal = x - y;
    const left = furthest.get(diagonal - 1) ?? -1;
    const above = furthest.get(diagonal + 1) ?? -1;
    const isDown = diagonal === -count || (diagonal !== count && left < above);
    const fromX = isDown ? above : left;
    const fromY = fromX - (isDown ? diagonal + 1 : diagonal - 1);
    while (x > Math.max(fromX, 0) && y > Math.max(fromY, 0) && before[x - 1] === after[y - 1]) {
      edits.push({ kind: " ", line: before[x - 1]! });
      x--;
      y--;
    }
    if (count === 0) break;
    if (isDown) edits.push({ kind: "+", line: after[--y]! });
    else edits.push({ kind: "-", line: before[--x]! });
  }
  return edits.reverse();
}

function linesOf(text: string): string[] {
  const lines = text.split("\n");
  const last = lines.pop()!;
  const ended = lines.map((line) => `${line}\n`);
  return last === "" ? ended : [...ended, `${last}\n\\ No newline at end of file\n`];
}

function range(start: number, count: number): string {
  if (count === 1) return String(start);
  // An empty range is named by the line before it.
  return `${count === 0 ? start - 1 : start},${count}`;
}

/** The difference between two texts in the form that `patch` reads; empty when they are the same. */
export function unifiedDiff(name: string, before: string, after: string): string {
  if (before === after) return "";
  const edits = editsBetween(linesOf(before), linesOf(after));
  const changes = edits.flatMap(({ kind }, index) => (kind === " " ? [] : [index]));
  let result = `--- ${name}.orig\n+++ ${name}\n`;
  let at = 0;
  let beforeLine = 1;
  let afterLine = 1;
  for (let next = 0; next < changes.length;) {
    const from = Math.max(at, changes[next]! - CONTEXT);
    let last = changes[next]!;
    while (next < changes.length && changes[next]! <= last + 2 * CONTEXT + 1) last = changes[next++]!;
    const to = Math.min(edits.length, last + 1 + CONTEXT);
    // What is skipped is the same on both sides.
    beforeLine += from - at;
    afterLine += from - at;
    const hunk = edits.slice(from, to);
    const removed = hunk.filter(({ kind }) => kind !== "+").length;
    const added = hunk.filter(({ kind }) => kind !== "-").length;
    result += `@@ -${range(beforeLine, removed)} +${range(afterLine, added)} @@\n`;
    for (const { kind, line } of hunk) result += kind + line;
    beforeLine += removed;
    afterLine += added;
    at = to;
  }
  return result;
}
