import { formatBytes } from "../display/units.ts";
import { EXIT_OK } from "../exit-status.ts";
import type { EngineFlags } from "../flags/build-flags.ts";
import type { Host } from "../host.ts";
import { UsageError } from "../usage-error.ts";
import { openEngine } from "./open-engine.ts";
import { usageDetails, usageTable } from "./usage-table.ts";
import { writeAll } from "./write-output.ts";

export interface DuFlags extends EngineFlags {
  readonly verbose?: boolean;
  readonly format?: string;
}

/** `slipway du`: what the store holds. With `--format json`, one object per line. */
export async function duCommand(flags: DuFlags, io: Host): Promise<number> {
  if (flags.format !== undefined && flags.format !== "json" && flags.format !== "table") {
    throw new UsageError(`--format "${flags.format}" is not supported`, "Use json or table.");
  }
  const engine = await openEngine(flags, io);
  try {
    const records = await engine.usage();
    if (flags.format === "json") {
      await writeAll(io.stdout, records.map((record) => `${JSON.stringify(record)}\n`).join(""));
      return EXIT_OK;
    }
    const sum = (wanted: (record: (typeof records)[number]) => boolean): string =>
      formatBytes(records.filter(wanted).reduce((total, record) => total + record.sizeBytes, 0));
    const totals: [string, string][] = [
      ["Shared", sum((record) => record.shared)],
      ["Private", sum((record) => !record.shared)],
      ["Reclaimable", sum((record) => record.reclaimable)],
      ["Total", sum(() => true)],
    ];
    const list = flags.verbose ? records.map(usageDetails).join("") : usageTable(records, Date.now());
    await writeAll(
      io.stdout,
      `${list}${totals.map(([name, size]) => `${`${name}:`.padEnd(14)}${size}\n`).join("")}`,
    );
    return EXIT_OK;
  } finally {
    await engine.close();
  }
}
