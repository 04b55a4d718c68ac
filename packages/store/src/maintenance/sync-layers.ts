import fs from "node:fs";
import type { LayerTable } from "../layers/layer-table.ts";
import { libc } from "../syscalls/libc.ts";

/** Of the whole machine: with less to write than this, a sync takes about as long as starting a process. */
const MOST_DIRTY_BYTES = 64 * 1024 * 1024;
/** The kernel writes by itself what is older than about half a minute. */
const SETTLED_MS = 45_000;

/**
 * Brings layers to the disk, with one sync for all instead of one for each file as it is written. Until then a
 * power cut loses them (their rows name the boot they belong to), a killed process does not. A sync waits for
 * everything that is dirty on the filesystem, other programs' files included; when that is a lot it is left to a later
 * session, which finds it written.
 */
export async function syncLayers(table: LayerTable, root: string): Promise<void> {
  const unsynced = table.unsynced();
  const settled = unsynced.every((layer) => Date.now() - layer.writtenMs > SETTLED_MS);
  if (unsynced.length === 0 || !(table.wrote || settled) || dirtyBytes() > MOST_DIRTY_BYTES) return;
  const fd = fs.openSync(root, "r");
  try {
    await libc().syncFilesystem(fd);
    table.markSynced(unsynced.map(({ id }) => id));
  } finally {
    fs.closeSync(fd);
  }
}

function dirtyBytes(): number {
  const text = fs.readFileSync("/proc/meminfo", "latin1");
  const kilobytes = [...text.matchAll(/^(?:Dirty|Writeback):\s*(\d+) kB/gm)].map((match) => Number(match[1]));
  return kilobytes.reduce((sum, value) => sum + value, 0) * 1024;
}
