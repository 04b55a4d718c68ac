import path from "node:path";
import { DatabaseSync } from "node:sqlite";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { sha256, type Digest } from "@slipway/oci";
import { chainOf, EMPTY_REF, extendRef, type LayerId, type Ref } from "@slipway/engine-sdk";
import type { Store } from "../contracts.ts";
import { Database } from "../database/database.ts";
import { openStore } from "../store.ts";
import {
  entry,
  indexOf,
  signal,
  temporaryFolder,
  temporaryStore,
} from "../testing/temporary-store.test.helper.ts";
import { ChainTable } from "./chain-table.ts";
import { SqliteCacheIndex, type CachedLayers } from "./sqlite-cache-index.ts";

const keyOf = (step: number): Digest => sha256(`step ${step}`);
const layerOf = (step: number): LayerId => `i-${sha256(`layer ${step}`).slice(7)}` as LayerId;

/** Layers that are durable from when they are said to be; counts how often somebody asks. */
class CountedLayers implements CachedLayers {
  readonly losses = 0;
  asked = 0;
  readonly durable = new Set<LayerId>();
  #listener: (id: LayerId) => void = () => undefined;
  isDurable(id: LayerId): boolean {
    this.asked++;
    return this.durable.has(id);
  }
  rememberRemote(): void {
    this.asked++;
  }
  onDurable(listener: (id: LayerId) => void): void {
    this.#listener = listener;
  }
  announce(id: LayerId): void {
    this.durable.add(id);
    this.#listener(id);
  }
}

function newDatabase(): { readonly file: string; readonly database: Database } {
  const file = path.join(temporaryFolder(), "store.db");
  return { file, database: new Database(file, () => undefined) };
}

const fail = (message: string): void => expect.unreachable(message);

/** One result for each prefix of a chain of so many layers, as a build of so many steps records them. */
function recordChain(cache: SqliteCacheIndex | Store["cache"], layers: readonly LayerId[]): Ref {
  let ref = EMPTY_REF;
  for (const [step, layer] of layers.entries()) {
    ref = extendRef(ref, layer);
    cache.record([keyOf(step)], { outputs: [ref] }, { description: `COPY ${step}` });
  }
  return ref;
}

async function storedLayers(store: Store, count: number): Promise<LayerId[]> {
  const layers: LayerId[] = [];
  for (let i = 0; i < count; i++)
    layers.push(await store.layers.addIndex(indexOf(entry.file(`f${i}`, `content ${i}`)), signal));
  return layers;
}

const STEPS = 2000;
const steps = Array.from({ length: STEPS }, (_, i) => i);

describe("results of 2,000 steps over each other", () => {
  test("take as many rows as there are steps, of bounded size", () => {
    const { file, database } = newDatabase();
    const layers = new CountedLayers();
    const cache = new SqliteCacheIndex(database, layers, fail);
    for (const step of steps) layers.announce(layerOf(step));
    recordChain(cache, steps.map(layerOf));
    database.close();
    const sqlite = new DatabaseSync(file);
    const sizes = sqlite
      .prepare(
        "SELECT count(*) AS rows, sum(length(outputs)) AS bytes, max(length(outputs)) AS longest FROM results",
      )
      .get() as { rows: number; bytes: number; longest: number };
    expect(sizes.rows).toBe(STEPS);
    expect(sizes.longest).toBeLessThan(1500);
    const pieces = sqlite
      .prepare("SELECT count(*) AS rows, max(length(layers)) AS longest FROM pieces")
      .get() as {
      rows: number;
      longest: number;
    };
    expect(pieces.rows).toBeLessThanOrEqual(STEPS / 16);
    expect(pieces.longest).toBeLessThan(1500);
    sqlite.close();
  });

  test("ask a bounded number of questions for each step, when they are recorded, wait for blobs and are found", () => {
    const { database } = newDatabase();
    const layers = new CountedLayers();
    const cache = new SqliteCacheIndex(database, layers, fail);
    // Before their layers are durable, which happens from the base up as the image is exported.
    const top = recordChain(cache, steps.map(layerOf));
    for (const step of steps) layers.announce(layerOf(step));
    expect(layers.asked).toBeLessThan(6 * STEPS);

    const fresh = new CountedLayers();
    for (const step of steps) fresh.announce(layerOf(step));
    const again = new SqliteCacheIndex(database, fresh, fail);
    for (const step of steps) expect(again.lookup(keyOf(step))).not.toBeNull();
    expect(fresh.asked).toBeLessThan(20 * STEPS);
    expect(again.lookup(keyOf(STEPS - 1))!.outputs[0]!.layers).toEqual(top.layers);
    database.close();
  });
});

test("chains of every length come back as they were written, in another process, too", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat({ max: 100 }), fc.nat({ max: 2 })), { minLength: 1, maxLength: 12 }),
      (drafts) => {
        const { file, database } = newDatabase();
        const table = new ChainTable(database);
        // Chains that share their beginnings, and some that do not.
        const chains = drafts.map(([length, kind]) =>
          Array.from({ length }, (_, i) => layerOf(i < 40 * kind ? i : i + 1000 * kind)),
        );
        const written = database.transaction(() =>
          chains.map((layers) => table.write(chainOfLayers(layers))),
        );
        for (const [i, items] of written.entries()) {
          expect(items.length).toBeLessThanOrEqual(17);
          expect(table.read(items)!.layers).toEqual(chains[i]);
        }
        database.close();
        const other = new Database(file, () => undefined);
        const elsewhere = new ChainTable(other);
        for (const [i, items] of written.entries()) expect(elsewhere.read(items)!.layers).toEqual(chains[i]);
        other.close();
      },
    ),
    { numRuns: 25 },
  );
});

function chainOfLayers(layers: readonly LayerId[]): ReturnType<typeof chainOf> {
  return chainOf({ layers });
}

test("what a transaction that failed had written is written again", () => {
  const { database } = newDatabase();
  const table = new ChainTable(database);
  const chain = chainOfLayers(steps.slice(0, 100).map(layerOf));
  expect(() =>
    database.transaction(() => {
      table.write(chain);
      throw new Error("no room");
    }),
  ).toThrow("no room");
  table.rolledBack();
  const written = database.transaction(() => table.write(chain));
  expect(new ChainTable(database).read(written)!.layers).toHaveLength(100);
  database.close();
});

/** Makes a store what one of a Slipway before pieces is: no such table, whole chains in results. */
function makeOld(root: string, results: readonly (readonly [Digest, readonly LayerId[]])[]): void {
  const sqlite = new DatabaseSync(path.join(root, "store.db"));
  sqlite.exec("DROP TABLE pieces; DELETE FROM results");
  const insert = sqlite.prepare(
    "INSERT INTO results (key, outputs, description, created_ms, last_used_ms) VALUES (?, ?, 'RUN x', 1, 1)",
  );
  for (const [key, layers] of results) insert.run(key, JSON.stringify([layers]));
  sqlite.close();
}

describe("a store of a Slipway before pieces", () => {
  async function oldStore(): Promise<{ root: string; layers: readonly LayerId[] }> {
    const root = temporaryFolder();
    const store = await openStore({ root });
    const layers = await storedLayers(store, 40);
    await store.close();
    makeOld(
      root,
      layers.map((_, i) => [keyOf(i), layers.slice(0, i + 1)] as const),
    );
    return { root, layers };
  }

  test("gives its results, and takes new ones over them", async () => {
    const { root, layers } = await oldStore();
    const warnings: string[] = [];
    const store = await temporaryStore(root, (message) => warnings.push(message));
    for (const i of layers.keys())
      expect(store.cache.lookup(keyOf(i))!.outputs[0]!.layers).toEqual(layers.slice(0, i + 1));
    const more = await store.layers.addIndex(indexOf(entry.file("more", "more")), signal);
    const result = extendRef(store.cache.lookup(keyOf(39))!.outputs[0]!, more);
    store.cache.record([sha256("more")], { outputs: [result] }, { description: "COPY more" });
    const other = await temporaryStore(root);
    expect(other.cache.lookup(sha256("more"))!.outputs[0]!.layers).toEqual([...layers, more]);
    expect(other.cache.lookup(keyOf(39))!.outputs[0]!.layers).toEqual(layers);
    expect(warnings).toEqual([]);
  });

  test("says what it holds, and can be pruned", async () => {
    const { root, layers } = await oldStore();
    const store = await temporaryStore(root);
    expect(store.usage().map(({ id }) => id)).toEqual(expect.arrayContaining([...layers]));
    const gone: string[] = [];
    for await (const { id } of store.prune({ all: true, signal })) gone.push(id);
    expect(gone).toEqual(expect.arrayContaining([...layers]));
    expect(store.cache.lookup(keyOf(3))).toBeNull();
  });

  test("is still one for that Slipway afterwards: what it cannot read names a layer that is not there", async () => {
    const { root, layers } = await oldStore();
    const store = await openStore({ root });
    recordChain(store.cache, layers);
    await store.close();
    const sqlite = new DatabaseSync(path.join(root, "store.db"));
    expect(sqlite.prepare("PRAGMA user_version").get()).toEqual({ user_version: 2 });
    const known = new Set(
      sqlite
        .prepare("SELECT id FROM layers")
        .all()
        .map(({ id }) => id),
    );
    for (const i of layers.keys()) {
      const row = sqlite.prepare("SELECT outputs FROM results WHERE key = ?").get(keyOf(i)) as {
        outputs: string;
      };
      const [written] = JSON.parse(row.outputs) as [string[]];
      if (i < 16) expect(written).toEqual(layers.slice(0, i + 1));
      else expect(written.every((id) => known.has(id))).toBe(false);
    }
    sqlite.close();
  });
});

describe("pruning long chains", () => {
  test("leaves those that are in use with all their layers, and sweeps the others away", async () => {
    const root = temporaryFolder();
    const first = await openStore({ root });
    const layers = await storedLayers(first, 50);
    recordChain(first.cache, layers);
    await first.close();
    const building = await openStore({ root });
    expect(building.cache.lookup(keyOf(29))).not.toBeNull();
    const pruning = await openStore({ root });
    const gone: string[] = [];
    for await (const { id } of pruning.prune({ all: true, signal })) gone.push(id);
    expect(gone.sort()).toEqual(layers.slice(30).sort());
    await pruning.close();
    await building.close();
    const store = await temporaryStore(root);
    for (const i of layers.keys()) {
      const found = store.cache.lookup(keyOf(i));
      if (i < 30) expect(found!.outputs[0]!.layers).toEqual(layers.slice(0, i + 1));
      else expect(found).toBeNull();
    }
    const sqlite = new DatabaseSync(path.join(root, "store.db"));
    expect(sqlite.prepare("SELECT count(*) AS n FROM results").get()).toEqual({ n: 30 });
    expect(sqlite.prepare("SELECT count(*) AS n FROM pieces").get()).toEqual({ n: 1 });
    sqlite.close();
  });

  test("takes nothing of a chain that results need, and tells what its layers are from", async () => {
    const root = temporaryFolder();
    const first = await openStore({ root });
    const layers = await storedLayers(first, 50);
    recordChain(first.cache, layers);
    await first.close();
    const store = await temporaryStore(root);
    for await (const { id } of store.prune({ all: false, signal })) expect.unreachable(id);
    const lowest = store.usage().find(({ id }) => id === layers[0]);
    expect(lowest).toMatchObject({ reclaimable: false, description: "COPY 9" });
  });
});
