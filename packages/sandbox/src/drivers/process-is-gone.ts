import { readFileSync } from "node:fs";

/** Whether `pid` has ended; a zombie that waits for its parent counts as ended. */
export function processIsGone(pid: number): boolean {
  try {
    // The name in parentheses may hold anything.
    return /\) Z [^)]*$/.test(readFileSync(`/proc/${pid}/stat`, "latin1"));
  } catch {
    return true;
  }
}
