import fs from "node:fs";
import path from "node:path";
import { describe, expect, test, vi } from "vitest";
import { MediaTypes, sha256, type Descriptor, type DiffId } from "@slipway/oci";
import type { LayerId } from "@slipway/engine-sdk";
import type { LayerBlobInfo, LayerBlobRequest, RemoteLayer, Store } from "../contracts.ts";
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

const GZIP: LayerBlobRequest = { compression: "gzip", force: false, signal };
const isRoot = process.geteuid?.() === 0;

/** A layer as another machine would offer it. */
async function remoteLayer(text = "remote content"): Promise<{ layer: RemoteLayer; fetched: () => number }> {
  const maker = await temporaryStore();
  const id = await maker.layers.addIndex(
    indexOf(entry.dir("dir"), entry.file("dir/file", text, { mode: 0o4711 }), entry.symlink("link", "dir")),
    signal,
  );
  const info = await maker.layers.blob(id, GZIP);
  const bytes = fs.readFileSync(info.path!);
  let fetched = 0;
  const layer: RemoteLayer = {
    descriptor: info.descriptor,
    diffId: info.diffId,
    created: "2020-02-02T02:02:02Z",
    origin: "registry.example/base",
    async *fetch() {
      fetched++;
      yield bytes.subarray(0, 10);
      await Promise.resolve();
      yield bytes.subarray(10);
    },
  };
  return { layer, fetched: () => fetched };
}

describe("an index as a layer", () => {
  const index = indexOf(entry.dir("a"), entry.file("a/f", "text"));

  test("has the same id and blob in every store, and another for any other content", async () => {
    const ids: LayerId[] = [];
    const blobs: LayerBlobInfo[] = [];
    for (let i = 0; i < 2; i++) {
      const { layers } = await temporaryStore();
      ids.push(await layers.addIndex(index, signal));
      blobs.push(await layers.blob(ids.at(-1)!, GZIP));
    }
    expect(ids[0]).toBe(ids[1]);
    expect(blobs[0]!.descriptor).toEqual(blobs[1]!.descriptor);
    const { layers } = await temporaryStore();
    expect(await layers.addIndex(indexOf(entry.dir("a"), entry.file("a/f", "texT")), signal)).not.toBe(
      ids[0],
    );
  });

  test("is durable at once when its content is in it, and keeps its date and blob in later processes", async () => {
    const root = temporaryFolder();
    const first = await openStore({ root });
    const id = await first.layers.addIndex(index, signal);
    expect(first.layers.isDurable(id)).toBe(true);
    const created = first.layers.created(id);
    const blob = await first.layers.blob(id, GZIP);
    await first.close();
    const { layers } = await temporaryStore(root);
    expect(await layers.addIndex(index, signal)).toBe(id);
    expect(layers.created(id)).toBe(created);
    expect(await layers.blob(id, GZIP)).toEqual(blob);
    expect((await layers.index(id, signal)).entries.map(({ path: at }) => at)).toEqual(["a", "a/f"]);
  });

  test("that points at the host is durable from its first blob or tree on, and then outlives the host's files", async () => {
    const root = temporaryFolder();
    const folder = temporaryFolder();
    fs.writeFileSync(path.join(folder, "f"), "from the host");
    const first = await openStore({ root });
    const id = await first.layers.addIndex(await first.scanFolder(folder, { signal }), signal);
    expect(first.layers.isDurable(id)).toBe(false);
    await first.layers.blob(id, GZIP);
    expect(first.layers.isDurable(id)).toBe(true);
    await first.close();
    fs.rmSync(path.join(folder, "f"));
    const store = await temporaryStore(root);
    const view = await store.roots.view({ layers: [id] }, signal);
    const lookup = view.lstat(bytePath("f"))!;
    expect(() => view.open(lookup)).toThrow(expect.objectContaining({ code: "CONTENT_NOT_LOCAL" }));
    expect(String(await view.readFile("f"))).toBe("from the host");
    expect(view.open(lookup)).toHaveProperty("fd");
    expect(fs.readFileSync(path.join(await store.layers.tree(id, signal), "f"), "utf8")).toBe(
      "from the host",
    );
  });

  test("becomes a tree that shares unchanged files with the layer that it was copied from", async () => {
    const store = await temporaryStore();
    const base = await store.layers.addIndex(
      indexOf(entry.file("same", "s"), entry.file("other", "o")),
      signal,
    );
    const source = (await store.layers.index(base, signal)).entries;
    const copy = await store.layers.addIndex(
      indexOf(
        {
          ...source[1]!,
          kind: "file",
          mode: 0o600,
          content: { kind: "layer", layer: base, path: bytePath("other") },
        } as never,
        {
          ...source[0]!,
          kind: "file",
          content: { kind: "layer", layer: base, path: bytePath("same") },
        } as never,
      ),
      signal,
    );
    const tree = await store.layers.tree(copy, signal);
    expect(fs.statSync(path.join(tree, "same")).nlink).toBe(2);
    expect(fs.statSync(path.join(tree, "other"))).toMatchObject({ nlink: 1, mode: 0o100600 });
  });

  test("gives each form once, however many ask", async () => {
    const store = await temporaryStore();
    const id = await store.layers.addIndex(index, signal);
    const trees = await Promise.all([1, 2, 3].map(() => store.layers.tree(id, signal)));
    const blobs = await Promise.all([1, 2, 3].map(() => store.layers.blob(id, GZIP)));
    expect(new Set(trees).size).toBe(1);
    expect(fs.readdirSync(path.join(store.root, "l"))).toHaveLength(1);
    expect(new Set(blobs).size).toBe(1);
  });

  test("gets a blob in another compression only when that is forced, and clamped times when asked", async () => {
    const { layers } = await temporaryStore();
    const id = await layers.addIndex(index, signal);
    const gzip = await layers.blob(id, GZIP);
    expect(await layers.blob(id, { ...GZIP, compression: "zstd" })).toEqual(gzip);
    const zstd = await layers.blob(id, { ...GZIP, compression: "zstd", force: true });
    expect(zstd.descriptor.mediaType).toBe(MediaTypes.ociLayerZstd);
    expect(zstd.diffId).toBe(gzip.diffId);
    const clamped = await layers.blob(id, { ...GZIP, rewriteTimestampSeconds: 1 });
    expect(clamped.diffId).not.toBe(gzip.diffId);
    expect(await layers.blob(id, GZIP)).toEqual(gzip);
  });

  test.skipIf(!isRoot)(
    "of a folder that changes between hashing and packing is an error, never a wrong layer",
    async () => {
      const store = await temporaryStore();
      const folder = temporaryFolder();
      fs.writeFileSync(path.join(folder, "f"), "before");
      const id = await store.layers.addIndex(await store.scanFolder(folder, { signal }), signal);
      fs.writeFileSync(path.join(folder, "f"), "after!");
      await expect(store.layers.tree(id, signal)).rejects.toMatchObject({ code: "CONTEXT_CHANGED" });
      await expect(store.layers.blob(id, GZIP)).rejects.toMatchObject({ code: "CONTEXT_CHANGED" });
      expect(store.layers.isDurable(id)).toBe(false);
      expect(fs.readdirSync(path.join(store.root, "l"))).toEqual([]);
      expect(fs.readdirSync(path.join(store.root, "blobs/sha256"))).toEqual([]);
    },
  );
});

test("a layer whose files somebody deleted by hand is made anew, not missed in the middle of a build", async () => {
  needRoot();
  const root = temporaryFolder();
  const folder = temporaryFolder();
  fs.writeFileSync(path.join(folder, "f"), "x");
  const first = await openStore({ root });
  const id = await first.layers.addIndex(await first.scanFolder(folder, { signal }), signal);
  await first.layers.tree(id, signal);
  const key = sha256("key");
  first.cache.record([key], { outputs: [{ layers: [id] }] }, { description: "" });
  expect(first.cache.lookup(key)).not.toBeNull();
  await first.close();
  for (const name of fs.readdirSync(path.join(root, "l")))
    fs.rmSync(path.join(root, "l", name), { recursive: true });
  const store = await temporaryStore(root);
  expect(store.cache.lookup(key)).toBeNull();
  expect(await store.layers.addIndex(await store.scanFolder(folder, { signal }), signal)).toBe(id);
  expect(fs.readFileSync(path.join(await store.layers.tree(id, signal), "f"), "utf8")).toBe("x");
});

test("a file of the context that was touched without a change is no change, in a process that goes on", async () => {
  const store = await temporaryStore();
  const folder = temporaryFolder();
  fs.writeFileSync(path.join(folder, "f"), "x");
  const id = await store.layers.addIndex(await store.scanFolder(folder, { signal }), signal);
  fs.chmodSync(path.join(folder, "f"), 0o600);
  fs.chmodSync(path.join(folder, "f"), 0o644);
  expect(await store.layers.addIndex(await store.scanFolder(folder, { signal }), signal)).toBe(id);
  expect((await store.layers.blob(id, GZIP)).path).toBeDefined();
});

describe("a pulled layer", () => {
  test("is named without being fetched, and fetched once when somebody looks into it", async () => {
    const store = await temporaryStore();
    const { layer, fetched } = await remoteLayer();
    const id = store.layers.addRemote(layer);
    expect(store.layers.addRemote({ ...layer, origin: "mirror.example/base" })).toBe(id);
    expect(await store.layers.blob(id, GZIP)).toEqual({
      descriptor: layer.descriptor,
      diffId: layer.diffId,
      created: layer.created,
      origins: ["registry.example/base", "mirror.example/base"],
    });
    expect(fetched()).toBe(0);
    const views = await Promise.all([1, 2].map(() => store.roots.view({ layers: [id] }, signal)));
    expect(String(await views[0]!.readFile("link/file"))).toBe("remote content");
    expect(views[1]!.lstat(bytePath("dir/file"))?.entry).toMatchObject({
      mode: 0o4711,
      digest: sha256("remote content"),
    });
    expect(fetched()).toBe(1);
    expect((await store.layers.blob(id, GZIP)).path).toBeDefined();
  });

  test("that is not what its descriptor says is refused, and another registry is asked", async () => {
    const store = await temporaryStore();
    const { layer } = await remoteLayer();
    async function* wrong(): AsyncGenerator<Uint8Array> {
      yield await Promise.resolve(new Uint8Array(layer.descriptor.size));
    }
    const bad = { ...layer, origin: "evil.example/base", fetch: vi.fn(wrong) };
    const id = store.layers.addRemote(bad);
    await expect(store.layers.tree(id, signal)).rejects.toMatchObject({ code: "BLOB_DIGEST_MISMATCH" });
    await expect(store.layers.fetchBlob(id, sha256("unknown"), signal)).rejects.toMatchObject({
      code: "LAYER_NOT_AVAILABLE",
    });
    store.layers.addRemote(layer);
    expect(fs.existsSync(await store.layers.tree(id, signal))).toBe(true);
    expect(bad.fetch).toHaveBeenCalledTimes(2);
  });

  test("of an image that claims another one's diff ID is not taken for that other one", async () => {
    const store = await temporaryStore();
    const { layer } = await remoteLayer();
    const lies = [
      { ...layer, descriptor: { ...layer.descriptor, digest: sha256("evil") } },
      { ...layer, descriptor: { ...layer.descriptor, mediaType: MediaTypes.ociLayerZstd } },
      { ...layer, descriptor: { ...layer.descriptor, size: 1 } },
      { ...layer, descriptor: { ...layer.descriptor, annotations: { evil: "1" } } },
    ];
    const evil = lies.map((lie) => store.layers.addRemote({ ...lie, origin: "evil.example/base" }));
    for (const id of evil)
      store.cache.record([sha256(id)], { outputs: [{ layers: [id] }] }, { description: "" });
    const id = store.layers.addRemote(layer);
    expect(evil).not.toContain(id);
    expect(await store.layers.blob(id, GZIP)).toMatchObject({
      descriptor: layer.descriptor,
      origins: ["registry.example/base"],
    });
    expect(fs.existsSync(await store.layers.tree(id, signal))).toBe(true);
  });

  test("that is longer than its descriptor says is not read to its end", async () => {
    const store = await temporaryStore();
    const descriptor: Descriptor = { mediaType: MediaTypes.ociLayerGzip, digest: sha256("x"), size: 10 };
    let given = 0;
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) {
        given++;
        yield await Promise.resolve(new Uint8Array(1024));
      }
    }
    const id = store.layers.addRemote({
      descriptor,
      diffId: sha256("y") as DiffId,
      origin: "o",
      fetch: endless,
    });
    await expect(store.layers.index(id, signal)).rejects.toMatchObject({ code: "BLOB_SIZE_MISMATCH" });
    expect(given).toBe(1);
  });

  test("whose tar is not the one that its diff ID names leaves nothing behind", async () => {
    const store = await temporaryStore();
    const { layer } = await remoteLayer();
    const id = store.layers.addRemote({ ...layer, diffId: sha256("another") as DiffId });
    await expect(store.layers.tree(id, signal)).rejects.toMatchObject({ code: "LAYER_DIFF_ID_MISMATCH" });
    expect(fs.readdirSync(path.join(store.root, "l"))).toEqual([]);
    expect(store.usage().filter(({ kind }) => kind === "layer")).toEqual([]);
  });

  test("needs its registry again only until it was unpacked", async () => {
    const root = temporaryFolder();
    const { layer } = await remoteLayer();
    const first = await openStore({ root });
    const id = first.layers.addRemote(layer);
    await first.layers.index(id, signal);
    await first.close();
    const store = await temporaryStore(root);
    expect(store.layers.isDurable(id)).toBe(true);
    expect(store.layers.created(id)).toBe(layer.created);
    expect((await store.layers.blob(id, GZIP)).descriptor).toEqual(layer.descriptor);
    expect((await store.layers.index(id, signal)).entries).toHaveLength(3);
  });

  test("is recompressed when another compression is forced, and keeps its times", async () => {
    const store = await temporaryStore();
    const { layer } = await remoteLayer();
    const id = store.layers.addRemote(layer);
    const info = await store.layers.blob(id, {
      ...GZIP,
      compression: "zstd",
      force: true,
      rewriteTimestampSeconds: 1,
    });
    expect(info.descriptor.mediaType).toBe(MediaTypes.ociLayerZstd);
    expect(info.diffId).toBe(layer.diffId);
  });
});

test("work that was aborted for one caller is done for the other", async () => {
  const store: Store = await temporaryStore();
  const id = await store.layers.addIndex(
    indexOf(...Array.from({ length: 2_000 }, (_, i) => entry.file(`f${String(i).padStart(5, "0")}`, "x"))),
    signal,
  );
  const controller = new AbortController();
  const aborted = store.layers.tree(id, controller.signal);
  const other = store.layers.tree(id, signal);
  controller.abort();
  await expect(aborted).rejects.toThrow();
  expect(fs.existsSync(await other)).toBe(true);
});
