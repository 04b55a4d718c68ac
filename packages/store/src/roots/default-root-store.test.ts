import fs from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { EMPTY_REF, extendRef, type Ref } from "@slipway/engine-sdk";
import type { Store } from "../contracts.ts";
import {
  entry,
  indexOf,
  needRoot,
  signal,
  temporaryFolder,
  temporaryStore,
} from "../testing/temporary-store.test.helper.ts";

/** A chain of layers with a file of the context each. */
async function chainOfContextFiles(store: Store, count: number): Promise<Ref> {
  const folder = temporaryFolder();
  let ref = EMPTY_REF;
  for (let i = 0; i < count; i++) {
    const context = path.join(folder, String(i));
    fs.mkdirSync(context);
    fs.writeFileSync(path.join(context, `f${i}`), `content ${i}`);
    ref = extendRef(ref, await store.layers.addIndex(await store.scanFolder(context, { signal }), signal));
  }
  return ref;
}

describe("a root of more layers than mount options can name", () => {
  test("makes all of them durable, so that what a step makes of them can be recorded, and merges once", async () => {
    needRoot();
    const store = await temporaryStore();
    const ref = await chainOfContextFiles(store, 450);
    const lowerdirs = await store.roots.readonlyLowerdirs(ref, signal);
    expect(lowerdirs.length).toBeLessThan(400);
    expect(lowerdirs.join(":").length).toBeLessThan(4096);
    expect(fs.readFileSync(path.join(lowerdirs.at(-1)!, "f0"), "utf8")).toBe("content 0");
    expect(fs.readFileSync(path.join(lowerdirs[0]!, "f449"), "utf8")).toBe("content 449");
    expect(ref.layers.every((id) => store.layers.isDurable(id))).toBe(true);
    const merged = (): string[] =>
      store
        .usage()
        .map(({ id }) => id)
        .filter((id) => id.startsWith("m-"));
    expect(merged()).toHaveLength(1);
    // The next step finds it made.
    const next = extendRef(ref, await store.layers.addIndex(indexOf(entry.file("g", "x")), signal));
    expect((await store.roots.readonlyLowerdirs(next, signal)).at(-1)).toBe(lowerdirs.at(-1));
    expect(merged()).toHaveLength(1);
  });
});

test("views of refs that are made from each other look at each layer once", async () => {
  const store = await temporaryStore();
  let ref = EMPTY_REF;
  let asked = 0;
  const index = store.layers.index.bind(store.layers);
  store.layers.index = (...given) => {
    asked++;
    return index(...given);
  };
  for (let i = 0; i < 300; i++) {
    ref = extendRef(ref, await store.layers.addIndex(indexOf(entry.file(`f${i}`, String(i))), signal));
    const view = await store.roots.view(ref, signal);
    expect(String(await view.readFile(`f${i}`))).toBe(String(i));
    expect(String(await view.readFile("f0"))).toBe("0");
  }
  expect(asked).toBeLessThan(1000);
});

test("a view after its layers found another home reads from there", async () => {
  needRoot();
  const store = await temporaryStore();
  const ref = await chainOfContextFiles(store, 3);
  const before = await store.roots.view(ref, signal);
  const file = before.lstat("f1" as never)!.entry;
  expect(file).toMatchObject({ kind: "file", content: { kind: "host" } });
  await store.layers.tree(ref.layers[1]!, signal);
  const after = await store.roots.view(ref, signal);
  expect(after.lstat("f1" as never)!.entry).toMatchObject({ kind: "file", content: { kind: "tree" } });
});
