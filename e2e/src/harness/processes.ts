import { readFileSync } from "node:fs";

export { processesWith } from "@slipway/testing/fixtures";

/** Mount points of this mount namespace at or below `folder`. */
export function mountsBelow(folder: string): string[] {
  return readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .map((line) => line.split(" ")[4] ?? "")
    .filter((target) => target === folder || target.startsWith(`${folder}/`));
}

/** Waits until `condition` holds. @throws Error with `what` after `timeoutMs` */
export async function eventually(
  what: string,
  condition: () => boolean | Promise<boolean>,
  timeoutMs = 60_000,
): Promise<void> {
  const deadlineMs = Date.now() + timeoutMs;
  while (!(await condition())) {
    if (Date.now() > deadlineMs) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
