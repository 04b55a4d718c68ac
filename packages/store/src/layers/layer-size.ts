import type { LayerIndex } from "../layer-index/entry.ts";

/** Bytes of all files of a layer. */
export function sizeOfFiles(index: LayerIndex): number {
  return index.entries.reduce((sum, entry) => sum + (entry.kind === "file" ? entry.sizeBytes : 0), 0);
}

/** Bytes of the files whose content the index itself holds. */
export function sizeOfBytes(index: LayerIndex): number {
  let sum = 0;
  for (const entry of index.entries) {
    if (entry.kind === "file" && entry.content.kind === "bytes") sum += entry.sizeBytes;
  }
  return sum;
}
