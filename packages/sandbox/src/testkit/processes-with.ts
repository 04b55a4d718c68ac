import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/**
 * Seconds to sleep for that no other process on this machine sleeps for: suites run side by side, and must not take each
 * other's processes for their own. @param which tells those of one process apart
 */
export function ownSeconds(which: number): string {
  return `1000.${String(process.pid).padStart(7, "0")}${which}`;
}

/** Pids of the processes whose command line contains `text`; this process does not count. */
export function processesWith(text: string): number[] {
  return allPids().filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "latin1").includes(text);
    } catch {
      return false;
    }
  });
}

/** Pids of the processes with `text` in the environment that they were started with: a driver's state folder is there. */
export function processesWithEnvironment(text: string): number[] {
  return allPids().filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/environ`, "latin1").includes(text);
    } catch {
      return false;
    }
  });
}

/** Pids of the processes that are in another mount namespace than this one and see a mount of `folder` there. */
export function processesMounting(folder: string): number[] {
  const own = readlinkSync("/proc/self/ns/mnt");
  return allPids().filter((pid) => {
    try {
      return (
        readlinkSync(`/proc/${pid}/ns/mnt`) !== own &&
        readFileSync(`/proc/${pid}/mountinfo`, "latin1").includes(folder)
      );
    } catch {
      return false;
    }
  });
}

function allPids(): number[] {
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => pid > 0 && pid !== process.pid);
}

/** Waits until `condition` holds. */
export async function eventually(condition: () => boolean, timeoutMs = 20_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!condition()) {
    if (Date.now() > deadline)
      throw new Error(`did not come true in ${timeoutMs} ms: ${condition.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
