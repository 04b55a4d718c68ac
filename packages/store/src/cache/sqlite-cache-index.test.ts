import fs from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { MediaTypes, sha256, type DiffId } from "@slipway/oci";
import { EMPTY_REF } from "@slipway/engine-sdk";
import type { RemoteLayer } from "../contracts.ts";
import { openStore } from "../store.ts";
import {
  entry,
  indexOf,
  signal,
  temporaryFolder,
  temporaryStore,
} from "../testing/temporary-store.test.helper.ts";

const KEY = sha256("key");
const meta = { description: "a step" };

const remote: RemoteLayer = {
  descriptor: { mediaType: MediaTypes.ociLayerGzip, digest: sha256("blob"), size: 4 },
  diffId: sha256("tar") as DiffId,
  origin: "registry.example/base",
  fetch: () => {
    throw new Error("a cached build fetches nothing");
  },
};

describe("the cache index", () => {
  test("gives another process what this one recorded, under every key", async () => {
    const root = temporaryFolder();
    const one = await temporaryStore(root);
    const two = await temporaryStore(root);
    const layer = await one.layers.addIndex(indexOf(entry.file("f", "x")), signal);
    const result = { outputs: [{ layers: [layer] }, null, EMPTY_REF] };
    one.cache.record([KEY, sha256("other")], result, meta);
    expect(two.cache.lookup(KEY)).toEqual(result);
    expect(two.cache.lookup(sha256("other"))).toEqual(result);
    expect(two.cache.lookup(sha256("none"))).toBeNull();
  });

  test("holds results with pulled layers, but gives them only to who knows a registry that has them", async () => {
    const root = temporaryFolder();
    const first = await openStore({ root });
    const result = { outputs: [{ layers: [first.layers.addRemote(remote)] }] };
    first.cache.record([KEY], result, meta);
    await first.close();
    const second = await temporaryStore(root);
    expect(second.cache.lookup(KEY)).toBeNull();
    second.layers.addRemote(remote);
    expect(second.cache.lookup(KEY)).toEqual(result);
  });

  test("takes no volatile layers, and those of the context once they have a form of their own", async () => {
    const store = await temporaryStore();
    const folder = temporaryFolder();
    fs.writeFileSync(path.join(folder, "f"), "x");
    const index = await store.scanFolder(folder, { signal });
    store.cache.record(
      [sha256("volatile")],
      { outputs: [{ layers: [store.layers.addVolatile(index)] }] },
      meta,
    );
    expect(store.cache.lookup(sha256("volatile"))).toBeNull();
    const result = { outputs: [{ layers: [await store.layers.addIndex(index, signal)] }] };
    store.cache.record([KEY], result, meta);
    expect(store.cache.lookup(KEY)).toBeNull();
    await store.layers.blob(result.outputs[0]!.layers[0]!, { compression: "gzip", force: false, signal });
    expect(store.cache.lookup(KEY)).toEqual(result);
  });

  test.each([
    [
      "garbage",
      (file: string) =>
        fs.writeFileSync(
          file,
          "this is no database at all, but it is long enough to look like one".repeat(100),
        ),
    ],
    ["half of it", (file: string) => fs.truncateSync(file, Math.floor(fs.statSync(file).size / 2))],
    [
      "overwritten pages",
      (file: string) => {
        const fd = fs.openSync(file, "r+");
        fs.writeSync(fd, Buffer.alloc(fs.fstatSync(fd).size - 4096, 0x5a), 0, undefined, 4096);
        fs.closeSync(fd);
      },
    ],
  ])("that is damaged (%s) is set aside with a warning, and the build goes on", async (_, damage) => {
    const root = temporaryFolder();
    const first = await openStore({ root });
    const layer = await first.layers.addIndex(indexOf(entry.file("f", "x")), signal);
    first.cache.record([KEY], { outputs: [{ layers: [layer] }] }, meta);
    await first.close();
    damage(path.join(root, "store.db"));
    const warnings: string[] = [];
    const store = await temporaryStore(root, (message) => warnings.push(message));
    expect(store.cache.lookup(KEY)).toBeNull();
    const again = await store.layers.addIndex(indexOf(entry.file("f", "x")), signal);
    store.cache.record([KEY], { outputs: [{ layers: [again] }] }, meta);
    expect(store.cache.lookup(KEY)).not.toBeNull();
    expect(warnings.join("\n")).toContain("damaged");
    expect(fs.readdirSync(root).some((name) => name.startsWith("store.db.damaged-"))).toBe(true);
  });

  test("of an older version is made anew", async () => {
    const root = temporaryFolder();
    await (await openStore({ root })).close();
    const { DatabaseSync } = await import("node:sqlite");
    const database = new DatabaseSync(path.join(root, "store.db"));
    database.exec(
      "DROP TABLE layers; CREATE TABLE layers (id TEXT); CREATE TABLE more (x); PRAGMA user_version = 0",
    );
    database.close();
    const store = await temporaryStore(root);
    const layer = await store.layers.addIndex(indexOf(entry.file("f", "x")), signal);
    store.cache.record([KEY], { outputs: [{ layers: [layer] }] }, meta);
    expect(store.cache.lookup(KEY)).not.toBeNull();
  });

  test("forgets a layer whose index file is damaged, with an error that trying again gets over", async () => {
    const root = temporaryFolder();
    const first = await openStore({ root });
    const layer = await first.layers.addIndex(indexOf(entry.file("f", "x")), signal);
    first.cache.record([KEY], { outputs: [{ layers: [layer] }] }, meta);
    await first.close();
    fs.truncateSync(path.join(root, "indexes", layer), 20);
    const store = await temporaryStore(root);
    await expect(store.layers.index(layer, signal)).rejects.toMatchObject({
      code: "LAYER_DAMAGED",
      retryable: true,
    });
    expect(store.cache.lookup(KEY)).toBeNull();
  });

  test("does not trust what was written before a power cut and not known to have reached the disk", async () => {
    const root = temporaryFolder();
    const first = await openStore({ root });
    const layer = await first.layers.addIndex(indexOf(entry.file("f", "x")), signal);
    first.cache.record([KEY], { outputs: [{ layers: [layer] }] }, meta);
    await first.close();
    const synced = await openStore({ root });
    expect(synced.cache.lookup(KEY)).not.toBeNull();
    await synced.close();
    const { DatabaseSync } = await import("node:sqlite");
    const database = new DatabaseSync(path.join(root, "store.db"));
    database.exec("UPDATE layers SET boot = 'an earlier one'");
    database.close();
    const store = await temporaryStore(root);
    expect(store.cache.lookup(KEY)).toBeNull();
  });
});
