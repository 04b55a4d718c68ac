import { readdirSync, readFileSync } from "node:fs";

/** Watches the memory of process trees. */
export interface MemorySampler {
  /** @returns the highest sum of the proportional set sizes seen, in bytes */
  stop(): number;
}

/**
 * Samples the memory of processes and all their descendants until stopped. Proportional set sizes count shared pages
 * once; a tree of many short processes, or a peak between two samples, is seen too low.
 */
export function sampleMemory(pids: readonly number[]): MemorySampler {
  let peakBytes = 0;
  let timer: NodeJS.Timeout | undefined;
  const sample = (): void => {
    const startedMs = performance.now();
    let sumBytes = 0;
    const seen = new Set<number>();
    const queue = [...pids];
    for (let pid = queue.pop(); pid !== undefined; pid = queue.pop()) {
      if (seen.has(pid)) continue;
      seen.add(pid);
      sumBytes += proportionalBytes(pid);
      queue.push(...childrenOf(pid));
    }
    peakBytes = Math.max(peakBytes, sumBytes);
    // Watching shall cost a tenth of one core at most.
    timer = setTimeout(sample, Math.max(10, (performance.now() - startedMs) * 9));
  };
  sample();
  return {
    stop() {
      clearTimeout(timer);
      return peakBytes;
    },
  };
}

function proportionalBytes(pid: number): number {
  try {
    const pss = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"));
    return Number(pss?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

function childrenOf(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, "utf8")
        .split(" ")
        .filter((child) => child !== "")
        .map(Number),
    );
  } catch {
    return [];
  }
}
