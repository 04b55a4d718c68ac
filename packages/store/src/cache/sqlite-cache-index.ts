import type { Digest } from "@slipway/oci";
import type { LayerId, Ref, VertexResult } from "@slipway/engine-sdk";
import type { CacheIndex } from "../contracts.ts";
import type { Database } from "../database/database.ts";

const USE_GRAIN_MS = 3_600_000;

/** What the index asks of the layer store. */
export interface CachedLayers {
  isDurable(id: LayerId): boolean;
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

  constructor(database: Database, layers: CachedLayers, warn: (message: string) => void) {
    this.#database = database;
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
      const outputs = parseOutputs(row.outputs as string);
      if (!layersOf({ outputs }).every((id) => this.#layers.isDurable(id))) return null;
      this.#used.add(key);
      return { outputs };
    });
  }

  /**
   * A result with a layer that is not durable yet is recorded as soon as it is, if that happens while this process
   * runs: exporting an image makes the blobs of layers that only pointed at the context.
   */
  record(keys: readonly Digest[], result: VertexResult, meta: { readonly description: string }): void {
    const missing = layersOf(result).find((id) => !this.#layers.isDurable(id));
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
        "SELECT key FROM results WHERE last_used_ms < ? AND key IN (SELECT value FROM json_each(?))",
        now - USE_GRAIN_MS,
        used,
      );
      if (stale.length === 0) return;
      const keys = JSON.stringify(stale.map((row) => row.key));
      this.#database.transaction(() => {
        this.#database.run(
          "UPDATE results SET last_used_ms = ?, usage_count = usage_count + 1 WHERE key IN (SELECT value FROM json_each(?))",
          now,
          keys,
        );
        this.#database.run(
          `UPDATE layers SET last_used_ms = ?, usage_count = usage_count + 1 WHERE id IN (
             SELECT layer.value FROM results, json_each(results.outputs) AS output, json_each(output.value) AS layer
             WHERE results.key IN (SELECT value FROM json_each(?)) AND output.type = 'array')`,
          now,
          keys,
        );
      });
    });
  }

  #write(keys: readonly Digest[], result: VertexResult, description: string): void {
    const outputs = JSON.stringify(result.outputs.map((ref) => ref?.layers ?? null));
    const now = Date.now();
    this.#database.transaction(() => {
      for (const id of layersOf(result)) this.#layers.rememberRemote(id);
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

function layersOf(result: VertexResult): LayerId[] {
  return result.outputs.flatMap((ref) => ref?.layers ?? []);
}

function parseOutputs(text: string): (Ref | null)[] {
  return (JSON.parse(text) as (LayerId[] | null)[]).map((layers) => (layers === null ? null : { layers }));
}
