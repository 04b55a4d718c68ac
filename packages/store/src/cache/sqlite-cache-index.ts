import type { Digest } from "@slipway/oci";
import { chainOf, type LayerChain, type LayerId, type Ref, type VertexResult } from "@slipway/engine-sdk";
import type { CacheIndex } from "../contracts.ts";
import type { Database } from "../database/database.ts";
import { ChainTable, type WrittenChain } from "./chain-table.ts";

const USE_GRAIN_MS = 3_600_000;

/** What the index asks of the layer store. */
export interface CachedLayers {
  isDurable(id: LayerId): boolean;
  /** Changes when layers that were durable may be so no more. */
  readonly losses: number;
  rememberRemote(id: LayerId): void;
  onDurable(listener: (id: LayerId) => void): void;
}

interface Pending {
  readonly keys: readonly Digest[];
  readonly result: VertexResult;
  readonly description: string;
}

/** CacheIndex in the store's database. */
export class SqliteCacheIndex implements CacheIndex {
  readonly #database: Database;
  readonly #layers: CachedLayers;
  readonly #warn: (message: string) => void;
  readonly #used = new Set<Digest>();
  /** Results that become recordable when a layer of theirs gets a tree or a blob; by one such layer. */
  readonly #pending = new Map<LayerId, Pending[]>();
  readonly #chains: ChainTable;
  /** Chains whose layers were all found durable, at these `losses`: those above them need not ask again. */
  readonly #durable = new WeakMap<LayerChain, number>();
  /** Chains whose pulled layers are all written down. */
  readonly #remembered = new WeakSet<LayerChain>();

  constructor(database: Database, layers: CachedLayers, warn: (message: string) => void) {
    this.#database = database;
    this.#chains = new ChainTable(database);
    this.#layers = layers;
    this.#warn = warn;
    layers.onDurable((id) => {
      const pending = this.#pending.get(id);
      this.#pending.delete(id);
      for (const { keys, result, description } of pending ?? []) this.record(keys, result, { description });
    });
  }

  lookup(key: Digest): VertexResult | null {
    return this.#survive(null, () => {
      const row = this.#database.get("SELECT outputs FROM results WHERE key = ?", key);
      if (row === undefined) return null;
      const outputs: (Ref | null)[] = [];
      for (const written of JSON.parse(row.outputs as string) as (WrittenChain | null)[]) {
        const ref = written && this.#chains.read(written);
        if (ref === undefined) return null;
        outputs.push(ref);
      }
      if (this.#missing({ outputs }) !== undefined) return null;
      this.#used.add(key);
      return { outputs };
    });
  }

  /**
   * A result with a layer that is not durable yet is recorded as soon as it is, if that happens while this process
   * runs: exporting an image makes the blobs of layers that only pointed at the context.
   */
  record(keys: readonly Digest[], result: VertexResult, meta: { readonly description: string }): void {
    const missing = this.#missing(result);
    if (missing !== undefined) {
      if (missing.startsWith("v-")) return;
      const pending = this.#pending.get(missing) ?? [];
      pending.push({ keys, result, description: meta.description });
      this.#pending.set(missing, pending);
      return;
    }
    this.#survive(undefined, () => this.#write(keys, result, meta.description));
  }

  /**
   * Writes down which results were used, for pruning by age; one transaction for all. Uses within an hour count as one:
   * a build that finds everything then writes nothing, and waits for no disk.
   */
  saveUse(): void {
    if (this.#used.size === 0) return;
    const now = Date.now();
    const used = JSON.stringify([...this.#used]);
    this.#used.clear();
    this.#survive(undefined, () => {
      const stale = this.#database.all(
        "SELECT key, outputs FROM results WHERE last_used_ms < ? AND key IN (SELECT value FROM json_each(?))",
        now - USE_GRAIN_MS,
        used,
      );
      if (stale.length === 0) return;
      const keys = JSON.stringify(stale.map((row) => row.key));
      const layers = JSON.stringify(this.#layersOf(stale.map((row) => row.outputs as string)));
      this.#database.transaction(() => {
        this.#database.run(
          "UPDATE results SET last_used_ms = ?, usage_count = usage_count + 1 WHERE key IN (SELECT value FROM json_each(?))",
          now,
          keys,
        );
        this.#database.run(
          "UPDATE layers SET last_used_ms = ?, usage_count = usage_count + 1 WHERE id IN (SELECT value FROM json_each(?))",
          now,
          layers,
        );
      });
    });
  }

  /** Each layer of results as they are written, once. */
  #layersOf(results: readonly string[]): LayerId[] {
    const layers = new Set<LayerId>();
    const seen = new Set<LayerChain>();
    for (const outputs of results) {
      for (const written of JSON.parse(outputs) as (WrittenChain | null)[]) {
        const ref = written && this.#chains.read(written);
        for (let at = ref ? chainOf(ref) : undefined; at !== undefined && !seen.has(at); at = at.below) {
          seen.add(at);
          layers.add(at.layer);
        }
      }
    }
    return [...layers];
  }

  /**
   * The topmost layer of a result that is not durable. From the top, since blobs are made from the base up: what waits
   * for its last layer waits once.
   */
  #missing({ outputs }: VertexResult): LayerId | undefined {
    const { losses } = this.#layers;
    for (const ref of outputs) {
      const checked: LayerChain[] = [];
      let at = ref ? chainOf(ref) : undefined;
      for (; at !== undefined && this.#durable.get(at) !== losses; at = at.below) {
        if (!this.#layers.isDurable(at.layer)) return at.layer;
        checked.push(at);
      }
      // Asking may have brought a loss to light.
      if (this.#layers.losses === losses) for (const chain of checked) this.#durable.set(chain, losses);
    }
    return undefined;
  }

  #write(keys: readonly Digest[], result: VertexResult, description: string): void {
    const now = Date.now();
    const remembered: LayerChain[] = [];
    try {
      this.#database.transaction(() => {
        for (const ref of result.outputs) {
          let at = ref ? chainOf(ref) : undefined;
          for (; at !== undefined && !this.#remembered.has(at); at = at.below) {
            this.#layers.rememberRemote(at.layer);
            remembered.push(at);
          }
        }
        const outputs = JSON.stringify(result.outputs.map((ref) => ref && this.#chains.write(chainOf(ref))));
        for (const key of keys) {
          this.#database.run(
            "INSERT OR REPLACE INTO results (key, outputs, description, created_ms, last_used_ms) VALUES (?, ?, ?, ?, ?)",
            key,
            outputs,
            description,
            now,
            now,
          );
        }
      });
    } catch (error) {
      this.#chains.rolledBack();
      throw error;
    }
    for (const chain of remembered) this.#remembered.add(chain);
  }

  /** A cache that does not work makes a build slower, never failed. */
  #survive<T>(instead: T, work: () => T): T {
    try {
      return work();
    } catch (error) {
      this.#warn(`the cache index is not usable now: ${(error as Error).message}`);
      return instead;
    }
  }
}
