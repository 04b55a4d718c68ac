import type { UsageRecord } from "@slipway/engine";
import { formatAgo, formatBytes } from "../display/units.ts";

/** Enough of an id to tell records apart; details and JSON have all of it. */
const SHOWN_ID_LENGTH = 24;

/** Records as a table under docker's headings, without totals; ends with a line end. */
export function usageTable(records: readonly UsageRecord[], nowMs: number): string {
  const rows = [
    ["ID", "KIND", "RECLAIMABLE", "SIZE", "LAST ACCESSED"],
    ...records.map((record) => usageRow(record, nowMs)),
  ];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join("   ")
          .trimEnd()}\n`,
    )
    .join("");
}

/** A record as `key: value` lines, and an empty one. */
export function usageDetails(record: UsageRecord): string {
  const pairs: [string, string][] = [
    ["ID", record.id],
    ["Kind", record.kind],
    ["Description", record.description],
    ["Size", formatBytes(record.sizeBytes)],
    ["Created at", new Date(record.createdMs).toISOString()],
    ["Last used", new Date(record.lastUsedMs).toISOString()],
    ["Usage count", String(record.usageCount)],
    ["In use", String(record.inUse)],
    ["Shared", String(record.shared)],
    ["Reclaimable", String(record.reclaimable)],
  ];
  return `${pairs.map(([name, value]) => `${`${name}:`.padEnd(14)}${value}\n`).join("")}\n`;
}

function usageRow(record: UsageRecord, nowMs: number): string[] {
  const size = `${formatBytes(record.sizeBytes)}${record.shared ? "*" : ""}`;
  return [
    record.id.slice(0, SHOWN_ID_LENGTH),
    record.kind,
    String(record.reclaimable),
    size,
    formatAgo(nowMs - record.lastUsedMs),
  ];
}
