import type { PruneOptions, UsageRecord } from "@slipway/engine";
import { formatBytes } from "../display/units.ts";
import { EXIT_FAILED, EXIT_OK } from "../exit-status.ts";
import type { EngineFlags } from "../flags/build-flags.ts";
import { parseDurationMs, parseSizeBytes } from "../flags/quantities.ts";
import { interruptible } from "../interrupt.ts";
import type { Host } from "../host.ts";
import { UsageError } from "../usage-error.ts";
import { openEngine } from "./open-engine.ts";
import { usageDetails, usageTable } from "./usage-table.ts";
import { writeAll } from "./write-output.ts";

export interface PruneFlags extends EngineFlags {
  readonly all?: boolean;
  readonly force?: boolean;
  readonly filter: readonly string[];
  readonly keepStorage?: string;
  readonly verbose?: boolean;
}

/** `slipway prune`: asks, removes what is not needed, tells what it was. */
export async function pruneCommand(flags: PruneFlags, io: Host): Promise<number> {
  const limits = pruneLimits(flags);
  if (!flags.force && !(await isConfirmed(flags, io))) return EXIT_FAILED;
  return interruptible(io, async (signal) => {
    const engine = await openEngine(flags, io);
    try {
      const removed: UsageRecord[] = [];
      for await (const record of engine.prune({ ...limits, signal })) removed.push(record);
      const freedBytes = removed.reduce((sum, record) => sum + record.sizeBytes, 0);
      const list = flags.verbose
        ? removed.map(usageDetails).join("")
        : removed.length > 0
          ? usageTable(removed, Date.now())
          : "";
      await writeAll(io.stdout, `${list}Total:   ${formatBytes(freedBytes)}\n`);
      return EXIT_OK;
    } finally {
      await engine.close();
    }
  });
}

/** @throws UsageError */
export function pruneLimits(
  flags: Pick<PruneFlags, "all" | "filter" | "keepStorage">,
): Omit<PruneOptions, "signal"> {
  let olderThanMs: number | undefined;
  for (const filter of flags.filter) {
    const [name, value] = filter.split("=", 2);
    if (name !== "until" || !value)
      throw new UsageError(`--filter "${filter}" is not supported`, "Use --filter until=24h.");
    olderThanMs = Math.max(olderThanMs ?? 0, parseDurationMs(value, "--filter until"));
  }
  return {
    all: flags.all === true,
    ...(olderThanMs === undefined ? {} : { olderThanMs }),
    ...(flags.keepStorage === undefined
      ? {}
      : { keepBytes: parseSizeBytes(flags.keepStorage, "--keep-storage") }),
  };
}

async function isConfirmed(flags: PruneFlags, io: Host): Promise<boolean> {
  if (io.stdin.isTTY !== true)
    throw new UsageError(
      "prune asks before it removes anything, and stdin is not a terminal",
      "Say --force to go ahead without being asked.",
    );
  const what = flags.all
    ? "all build cache that no running build holds"
    : "all build cache that no cached result needs";
  const { createInterface } = await import("node:readline/promises");
  const dialog = createInterface({ input: io.stdin, output: io.stderr });
  try {
    const answer = await dialog.question(`WARNING! This removes ${what}. Go on? [y/N] `);
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    dialog.close();
  }
}
