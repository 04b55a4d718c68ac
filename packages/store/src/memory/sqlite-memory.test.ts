import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { sha256 } from "@slipway/oci";
import { openStore } from "../store.ts";
import type { Store } from "../contracts.ts";

let root: string;
let store: Store;
beforeEach(async () => {
  root = fs.mkdtempSync(path.join(os.tmpdir(), "memory-"));
  store = await openStore({ root });
});
afterEach(async () => {
  await store.close();
  fs.rmSync(root, { recursive: true });
});

test("gives back what was put, to its owner alone, also after opening anew", async () => {
  store.memory.put("a", sha256("key"), Buffer.from("value"));
  await store.close();
  store = await openStore({ root });
  expect(Buffer.from(store.memory.get("a", sha256("key")) ?? []).toString()).toBe("value");
  expect(store.memory.get("b", sha256("key"))).toBeUndefined();
  expect(store.memory.get("a", sha256("other"))).toBeUndefined();
});

test("does not keep what is large, and forgets the oldest of many", () => {
  store.memory.put("a", sha256("large"), Buffer.alloc(2 * 1024 * 1024));
  expect(store.memory.get("a", sha256("large"))).toBeUndefined();
  for (let index = 0; index <= 1000; index++) store.memory.put("a", sha256(`${index}`), Buffer.from("x"));
  expect(store.memory.get("a", sha256("0"))).toBeUndefined();
  expect(store.memory.get("a", sha256("1000"))).toBeDefined();
});

test("a store that was closed by the end of its process opens with all that was written", async () => {
  store.memory.put("a", sha256("key"), Buffer.from("value"));
  await store.close({ exiting: true });
  store = await openStore({ root });
  expect(store.memory.get("a", sha256("key"))).toBeDefined();
});
