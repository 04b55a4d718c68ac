import fs from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { sha256 } from "@slipway/oci";
import type { LayerId } from "@slipway/engine-sdk";
import type { PruneOptions, Store, UsageRecord } from "../contracts.ts";
import { openStore } from "../store.ts";
import {
  bytePath,
  entry,
  indexOf,
  signal,
  needRoot,
  temporaryFolder,
  temporaryStore,
} from "../testing/temporary-store.test.helper.ts";

async function pruned(store: Store, options: Partial<PruneOptions> = {}): Promise<string[]> {
  const records: UsageRecord[] = [];
  for await (const record of store.prune({ all: false, signal, ...options })) records.push(record);
  return records.map(({ id }) => id);
}

/** A store in which an earlier process left these: a layer that a result needs, one that lends it content, and one of no use. */
async function leftBehind(): Promise<{
  root: string;
  cached: LayerId;
  lender: LayerId;
  unused: LayerId;
  key: ReturnType<typeof sha256>;
}> {
  needRoot();
  const root = temporaryFolder();
  const store = await openStore({ root });
  const lender = await store.layers.addIndex(indexOf(entry.file("f", "lent")), signal);
  const file = (await store.layers.index(lender, signal)).entries[0]!;
  const borrowing = indexOf({
    ...file,
    path: bytePath("copy"),
    content: { kind: "layer", layer: lender, path: bytePath("f") },
  } as never);
  const cached = await store.layers.addIndex(borrowing, signal);
  const unused = await store.layers.addIndex(indexOf(entry.file("g", "unused")), signal);
  for (const id of [cached, unused]) await store.layers.tree(id, signal);
  await store.layers.blob(cached, { compression: "gzip", force: false, signal });
  const key = sha256("key");
  store.cache.record([key], { outputs: [{ layers: [cached] }] }, { description: "COPY f copy" });
  await store.close();
  return { root, cached, lender, unused, key };
}

describe("pruning", () => {
  test("takes what no cached result needs, and leaves what lends content to one", async () => {
    const { root, cached, lender, unused, key } = await leftBehind();
    const store = await temporaryStore(root);
    expect(await pruned(store)).toEqual([unused]);
    expect(store.cache.lookup(key)).toEqual({ outputs: [{ layers: [cached] }] });
    const view = await store.roots.view({ layers: [cached] }, signal);
    expect(String(await view.readFile("copy"))).toBe("lent");
    expect(store.usage().map(({ id }) => id)).toEqual(expect.arrayContaining([cached, lender]));
  });

  test("of all takes everything, results included, and leaves a store that works", async () => {
    const { root, key, cached } = await leftBehind();
    const store = await temporaryStore(root);
    const described = store.usage().find(({ id }) => id === cached);
    expect(described).toMatchObject({
      description: "COPY f copy",
      kind: "layer",
      reclaimable: false,
      inUse: false,
    });
    expect(await pruned(store, { all: true })).toHaveLength(4);
    expect(store.cache.lookup(key)).toBeNull();
    expect(store.usage()).toEqual([]);
    expect(
      ["l", "indexes", "blobs/sha256", "trash"].flatMap((name) => fs.readdirSync(path.join(root, name))),
    ).toEqual([]);
    const id = await store.layers.addIndex(indexOf(entry.file("g", "unused")), signal);
    expect(fs.existsSync(await store.layers.tree(id, signal))).toBe(true);
  });

  test("leaves what a running build has looked up, and all that it needs", async () => {
    const { root, cached, lender, unused, key } = await leftBehind();
    const building = await openStore({ root });
    expect(building.cache.lookup(key)).not.toBeNull();
    const store = await temporaryStore(root);
    expect(await pruned(store, { all: true })).toEqual([unused]);
    expect(String(await (await building.roots.view({ layers: [cached] }, signal)).readFile("copy"))).toBe(
      "lent",
    );
    expect(
      store
        .usage()
        .filter(({ inUse }) => inUse)
        .map(({ id }) => id),
    ).toEqual(expect.arrayContaining([cached, lender]));
    await building.close();
    expect(await pruned(store, { all: true })).toHaveLength(3);
  });

  test("by age or size leaves what was used lately", async () => {
    const { root } = await leftBehind();
    const store = await temporaryStore(root);
    expect(await pruned(store, { all: true, olderThanMs: 60_000 })).toEqual([]);
    expect(await pruned(store, { all: true, keepBytes: 1e9 })).toEqual([]);
    expect((await pruned(store, { all: true, keepBytes: 0 })).length).toBeGreaterThan(0);
  });

  test("takes cache mounts that nobody holds", async () => {
    const store = await temporaryStore();
    const held = await store.cacheMounts.acquire(
      { id: "npm", sharing: "shared", base: { layers: [] } },
      signal,
    );
    expect(await pruned(store, { all: true })).toEqual([]);
    await held.release();
    // The session keeps what it has used; another one may take it once this one is gone.
    const root = store.root;
    await store.close();
    const other = await temporaryStore(root);
    expect(other.usage()).toMatchObject([{ kind: "cache-mount", description: "cache mount npm" }]);
    expect(await pruned(other, { all: true })).toHaveLength(1);
    expect(fs.readdirSync(path.join(root, "cache-mounts"))).toEqual([]);
  });
});
