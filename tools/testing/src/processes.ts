import { readdirSync, readFileSync } from "node:fs";

/** Process ids of all processes whose command line contains `text`. */
export function processesWith(text: string): number[] {
  const found: number[] = [];
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      if (readFileSync(`/proc/${name}/cmdline`, "latin1").replaceAll("\0", " ").includes(text))
        found.push(Number(name));
    } catch {
      // It ended while we looked.
    }
  }
  return found;
}
