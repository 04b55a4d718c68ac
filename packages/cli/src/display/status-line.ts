import type { StatusEvent } from "@slipway/engine-sdk";
import { formatBytes, formatSeconds } from "./units.ts";

/** `extracting sha256:… 3.20MB / 10.00MB 0.3s done` */
export function statusLine(status: StatusEvent, now: number): string {
  const amount =
    status.total > 0
      ? ` ${formatBytes(status.current)} / ${formatBytes(status.total)}`
      : status.current > 0
        ? ` ${formatBytes(status.current)}`
        : "";
  const tookMs = status.startedMs === undefined ? 0 : (status.completedMs ?? now) - status.startedMs;
  return `${status.name || status.id}${amount}${tookMs >= 50 ? ` ${formatSeconds(tookMs)}` : ""}${status.completedMs === undefined ? "" : " done"}`;
}
