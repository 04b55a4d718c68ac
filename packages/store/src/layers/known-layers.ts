import type { LayerId } from "@slipway/engine-sdk";
import type { LayerIndex } from "../layer-index/entry.ts";
import { layerNotAvailable } from "./layer-errors.ts";
import type { LayerTable, NewLayer, StoredLayer } from "./layer-table.ts";
import type { RemoteLayers } from "./remote-layers.ts";

/** A layer that this process made and that is not in the store for good (yet). */
export interface UnstoredLayer {
  readonly index: LayerIndex;
  /** ISO 8601 */
  readonly created: string;
}

/** Entries that are kept in memory of layers that can be read again. */
const MOST_CACHED_ENTRIES = 1_000_000;

/** Layers whose content may change under the build (folders of the host): they end with the process. */
export function isVolatile(id: LayerId): boolean {
  return id.startsWith("v-");
}

/** What this process holds in memory of layers: those that are not stored yet, and indexes that it has read. */
export class KnownLayers {
  readonly #table: LayerTable;
  readonly #remotes: RemoteLayers;
  readonly #unstored = new Map<LayerId, UnstoredLayer>();
  /** The oldest first. */
  readonly #indexes = new Map<LayerId, LayerIndex>();
  #cachedEntries = 0;
  readonly #listeners: ((id: LayerId) => void)[] = [];
  #homes = 0;

  constructor(table: LayerTable, remotes: RemoteLayers) {
    this.#table = table;
    this.#remotes = remotes;
  }

  /** Called whenever a layer has been written to the store. */
  onDurable(listener: (id: LayerId) => void): void {
    this.#listeners.push(listener);
  }

  /** Changes whenever an index that somebody may hold no longer says where the contents are best read. */
  get homes(): number {
    return this.#homes;
  }

  unstored(id: LayerId): UnstoredLayer | undefined {
    return this.#unstored.get(id);
  }

  unstoredIds(): Iterable<LayerId> {
    return this.#unstored.keys();
  }

  addUnstored(id: LayerId, layer: UnstoredLayer): void {
    if (this.index(id) !== undefined) this.#homes++;
    this.#unstored.set(id, layer);
  }

  /** The store has it, or it is gone. @returns whether it was among the unstored ones */
  removeUnstored(id: LayerId): boolean {
    const wasThere = this.#unstored.delete(id);
    if (wasThere) this.#homes++;
    return wasThere;
  }

  /** The index, if it is in memory. */
  index(id: LayerId): LayerIndex | undefined {
    return this.#unstored.get(id)?.index ?? this.#indexes.get(id);
  }

  /** The index of a layer that can be read again, if it is in memory. */
  cachedIndex(id: LayerId): LayerIndex | undefined {
    return this.#indexes.get(id);
  }

  cacheIndex(id: LayerId, index: LayerIndex): void {
    this.dropIndex(id);
    this.#indexes.set(id, index);
    this.#cachedEntries += index.entries.length;
    for (const oldest of this.#indexes.keys()) {
      if (this.#cachedEntries <= MOST_CACHED_ENTRIES || oldest === id) break;
      this.dropIndex(oldest);
    }
  }

  dropIndex(id: LayerId): void {
    this.#cachedEntries -= this.#indexes.get(id)?.entries.length ?? 0;
    if (this.#indexes.delete(id)) this.#homes++;
  }

  isStored(id: LayerId): boolean {
    return !isVolatile(id) && this.#table.get(id) !== undefined;
  }

  /** Writes the layer to the store and tells the listeners. */
  publish(layer: NewLayer): StoredLayer {
    const stored = this.#table.publish(layer);
    const unstored = this.#unstored.get(layer.id);
    if (unstored !== undefined && stored.tree === undefined) this.cacheIndex(layer.id, unstored.index);
    this.announce(layer.id);
    return stored;
  }

  /** Tells the listeners that a layer is in the store. */
  announce(id: LayerId): void {
    for (const listener of this.#listeners) listener(id);
  }

  /** When the layer was made, in ISO 8601. @throws WorldError when there is no such layer */
  created(id: LayerId): string {
    const created =
      this.#remotes.created(id) ?? this.#unstored.get(id)?.created ?? this.#table.get(id)?.created;
    if (created !== undefined) return created;
    // An image need not say it; then its layers are as old as time itself, as in an image without a date.
    if (this.#remotes.has(id)) return new Date(0).toISOString();
    throw layerNotAvailable(id);
  }
}
