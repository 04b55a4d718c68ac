import type { SourceTask } from "@slipway/engine-sdk";

/** Turns git's progress (`Receiving objects:  45% (90/200), 1.2 MiB`) into statuses. */
export function gitStatuses({ vertex, context }: SourceTask): (line: string) => void {
  const startedMs = new Map<string, number>();
  const toldMs = new Map<string, number>();
  return (line) => {
    const match =
      /^(?:remote: )?(Counting|Compressing|Receiving|Resolving|Unpacking|Updating) (\w+):\s+\d+% \((\d+)\/(\d+)\)/.exec(
        line,
      );
    if (match === null) return;
    const [, verb = "", noun = "", current, total] = match;
    const id = `${verb} ${noun}`.toLowerCase();
    const timestampMs = Date.now();
    const done = current === total;
    if (!done && timestampMs - (toldMs.get(id) ?? 0) < 100) return;
    toldMs.set(id, timestampMs);
    if (!startedMs.has(id)) startedMs.set(id, timestampMs);
    context.progress({
      kind: "status",
      id,
      vertex: vertex.digest,
      // Displays take the two numbers of a status for bytes.
      name: `${id} ${current}/${total}`,
      current: 0,
      total: 0,
      timestampMs,
      startedMs: startedMs.get(id)!,
      ...(done ? { completedMs: timestampMs } : {}),
    });
  };
}
