import fs from "node:fs";
import type { LayerTable } from "../layers/layer-table.ts";
import { libc } from "../syscalls/libc.ts";

/**
 * Layers that were written in this session up to so many bytes are brought to the disk when it ends. Of bigger ones
 * the kernel takes care within half a minute; until a later session finds that done, they are trusted for this boot.
 */
const MOST_BYTES = 64 * 1024 * 1024;

/**
 * One sync for all layers of a session, when it ends, instead of one for each file as it is written. Until then a
 * power cut loses them (rows name the boot they belong to), a killed process does not.
 */
export async function syncLayers(table: LayerTable, root: string): Promise<void> {
  if (table.unsynced.size === 0) return;
  const sizeBytes = [...table.unsynced.values()].reduce((sum, size) => sum + size, 0);
  if (sizeBytes > MOST_BYTES) return;
  const fd = fs.openSync(root, "r");
  try {
    await libc().syncFilesystem(fd);
    table.markSynced(table.unsynced.keys());
  } finally {
    fs.closeSync(fd);
  }
}
