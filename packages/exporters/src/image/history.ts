import type { HistoryEntry } from "@slipway/oci";

/** What is known of a layer for the history. */
export interface HistoryLayer {
  /** RFC 3339. */
  readonly created: string;
}

const COMMENT = "slipway.exporter.image.v0";

/**
 * Makes a history fit its layers: as many entries without `empty_layer` as layers, each entry with a time. Entries
 * that a frontend forgot are added at the end; those that claim layers that do not exist are marked as empty, the
 * oldest claims winning. An entry without a time gets that of its layer, one without a layer that of the layer below
 * it that this build made. With an epoch, entries without a time (those of this build) get it instead.
 * @param layers base first
 * @see BuildKit, exporter/containerimage/writer.go, `normalizeLayersAndHistory`
 */
export function alignHistory(
  history: readonly HistoryEntry[],
  layers: readonly HistoryLayer[],
  epoch: string | undefined,
): HistoryEntry[] {
  const aligned: HistoryEntry[] = [];
  let used = 0;
  for (const entry of history) {
    const layer = entry.empty_layer ? undefined : layers[used];
    if (layer) {
      used++;
      aligned.push({ ...entry, created: entry.created ?? epoch ?? layer.created });
    } else {
      aligned.push(entry.empty_layer ? entry : { ...entry, empty_layer: true });
    }
  }
  for (const layer of layers.slice(used)) aligned.push({ created: epoch ?? layer.created, comment: COMMENT });
  return fillTimes(aligned, epoch);
}

/** Gives entries without a time that of their neighbours. */
function fillTimes(history: readonly HistoryEntry[], epoch: string | undefined): HistoryEntry[] {
  // The first time after the first gap: the first layer that this build made, not one of the base image.
  const gap = history.findIndex(({ created }) => created === undefined);
  if (gap < 0) return [...history];
  const after = history.slice(gap).find(({ created }) => created !== undefined)?.created;
  let current = epoch ?? after ?? history.findLast(({ created }) => created !== undefined)?.created;
  let seenGap = false;
  return history.map((entry) => {
    if (entry.created !== undefined) {
      if (seenGap && epoch === undefined) current = entry.created;
      return entry;
    }
    seenGap = true;
    return current === undefined ? entry : { ...entry, created: current };
  });
}
