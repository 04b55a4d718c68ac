import fs from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { sha256 } from "@slipway/oci";
import { bytePath, entry, indexOf, signal, temporaryStore } from "../testing/temporary-store.test.helper.ts";
import type { Store } from "../contracts.ts";

function folderWith(store: Store, files: Readonly<Record<string, string>>): string {
  const folder = store.temporaryFolder();
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(folder, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, text, { mode: 0o640 });
    fs.utimesSync(file, 1000, 1000);
    if (path.dirname(file) !== folder) fs.utimesSync(path.dirname(file), 2000, 2000);
  }
  return folder;
}

test("a folder becomes a durable layer whose files are those of the folder", async () => {
  const store = await temporaryStore();
  const folder = folderWith(store, { "a/one": "1", two: "2" });
  const id = await store.layers.addFolder(folder, { signal });
  expect(fs.existsSync(folder)).toBe(false);
  expect(store.layers.isDurable(id)).toBe(true);
  const view = await store.roots.view({ layers: [id] }, signal);
  expect(String(await view.readFile("a/one"))).toBe("1");
  expect(view.lstat(bytePath("two"))!.entry).toMatchObject({ mode: 0o640, mtimeNs: 1_000_000_000_000n });
  expect(fs.statSync(await store.layers.tree(id, signal)).mode & 0o777).toBe(0o755);
});

test("equal folders are one layer, also one that came as an index", async () => {
  const store = await temporaryStore();
  const files = { "a/one": "1" };
  const first = await store.layers.addFolder(folderWith(store, files), { signal });
  const second = folderWith(store, files);
  expect(await store.layers.addFolder(second, { signal })).toBe(first);
  expect(fs.existsSync(second)).toBe(false);
  const { uid, gid } = fs.statSync(await store.layers.tree(first, signal));
  const index = indexOf(
    entry.dir("a", { mode: 0o755, uid, gid, mtimeNs: 2_000_000_000_000n }),
    entry.file("a/one", "1", { mode: 0o640, uid, gid, mtimeNs: 1_000_000_000_000n }),
  );
  expect(await store.layers.addIndex(index, signal)).toBe(first);
});

test("a digest that is known is not computed again", async () => {
  const store = await temporaryStore();
  const digests = new Map([[bytePath("two"), sha256("told")]]);
  const id = await store.layers.addFolder(folderWith(store, { two: "2" }), { signal, digests });
  const view = await store.roots.view({ layers: [id] }, signal);
  expect(await view.digest(view.lstat(bytePath("two"))!)).toBe(sha256("told"));
});
