import fs from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { EMPTY_REF } from "@slipway/engine-sdk";
import {
  entry,
  indexOf,
  signal,
  temporaryFolder,
  temporaryStore,
} from "../testing/temporary-store.test.helper.ts";

const request = (sharing: "shared" | "private" | "locked", id = "id") => ({ id, sharing, base: EMPTY_REF });

describe("cache mounts", () => {
  test("that are shared are one folder for all who hold them, in every process, and keep what is in them", async () => {
    const root = temporaryFolder();
    const stores = [await temporaryStore(root), await temporaryStore(root)];
    const leases = await Promise.all(
      stores.map((store) => store.cacheMounts.acquire(request("shared"), signal)),
    );
    expect(leases[0]!.path).toBe(leases[1]!.path);
    fs.writeFileSync(path.join(leases[0]!.path, "kept"), "x");
    for (const lease of leases) await lease.release();
    const again = await stores[1]!.cacheMounts.acquire(request("shared"), signal);
    expect(fs.readdirSync(again.path)).toEqual(["kept"]);
    expect((await stores[1]!.cacheMounts.acquire(request("shared", "another"), signal)).path).not.toBe(
      again.path,
    );
  });

  test("that have an owner are out of reach for whoever names the same id without", async () => {
    const store = await temporaryStore();
    const acquire = (extra: { owner?: string; id?: string }) =>
      store.cacheMounts.acquire({ ...request("shared"), ...extra }, signal);
    const paths = await Promise.all(
      [{}, { owner: "git" }, { owner: "other" }, { id: '{"owner":"git"}' }].map(acquire),
    );
    expect(new Set(paths.map((lease) => lease.path)).size).toBe(4);
    expect((await acquire({ owner: "git" })).path).toBe(paths[1]!.path);
  });

  test("that are locked are held by one at a time; who waits can be aborted", async () => {
    const store = await temporaryStore();
    const first = await store.cacheMounts.acquire(request("locked"), signal);
    const timeout = AbortSignal.timeout(150);
    await expect(store.cacheMounts.acquire(request("locked"), timeout)).rejects.toThrow();
    let second: Awaited<typeof waiting> | undefined;
    const waiting = store.cacheMounts.acquire(request("locked"), signal);
    void waiting.then((lease) => (second = lease));
    await new Promise((resolve) => setTimeout(resolve, 120));
    expect(second).toBeUndefined();
    await first.release();
    expect((await waiting).path).toBe(first.path);
  });

  test("that are private are a folder for each holder at a time", async () => {
    const store = await temporaryStore();
    const one = await store.cacheMounts.acquire(request("private"), signal);
    const two = await store.cacheMounts.acquire(request("private"), signal);
    expect(two.path).not.toBe(one.path);
    await one.release();
    expect((await store.cacheMounts.acquire(request("private"), signal)).path).toBe(one.path);
  });

  test("start with what their base has, which writing to them does not change", async () => {
    const store = await temporaryStore();
    const layer = await store.layers.addIndex(
      indexOf(entry.dir("d", { mode: 0o700 }), entry.file("d/f", "base")),
      signal,
    );
    const tree = await store.layers.tree(layer, signal);
    const lease = await store.cacheMounts.acquire(
      { id: "id", sharing: "shared", base: { layers: [layer] } },
      signal,
    );
    expect(fs.statSync(path.join(lease.path, "d")).mode & 0o777).toBe(0o700);
    fs.writeFileSync(path.join(lease.path, "d/f"), "changed");
    expect(fs.readFileSync(path.join(tree, "d/f"), "utf8")).toBe("base");
  });

  test("a part of the base is a cache of its own", async () => {
    const store = await temporaryStore();
    const layer = await store.layers.addIndex(
      indexOf(entry.dir("cache", { mode: 0o2770 }), entry.file("cache/f", "part")),
      signal,
    );
    const whole = { id: "id", sharing: "shared", base: { layers: [layer] } } as const;
    const part = await store.cacheMounts.acquire({ ...whole, subpath: "cache" }, signal);
    expect(fs.statSync(part.path).mode & 0o7777).toBe(0o2770);
    expect(fs.readdirSync(part.path)).toEqual(["f"]);
    const other = await store.cacheMounts.acquire(whole, signal);
    expect(fs.readdirSync(other.path)).toEqual(["cache"]);
    fs.rmSync(path.join(other.path, "cache/f"));
    expect(fs.readdirSync(part.path)).toEqual(["f"]);
  });
});
