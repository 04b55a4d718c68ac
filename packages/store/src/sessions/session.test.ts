import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { openStore } from "../store.ts";

let root: string;
beforeEach(() => {
  root = fs.mkdtempSync(path.join(os.tmpdir(), "slipway-session-"));
});
afterEach(() => {
  fs.rmSync(root, { recursive: true, force: true });
});

/** A folder of a step that was killed, shut by its owner as overlayfs does it. */
function leaveTrash(name: string): string {
  const folder = path.join(root, "trash", name, "work");
  fs.mkdirSync(path.join(folder, "shut"), { recursive: true });
  fs.writeFileSync(path.join(folder, "file"), "");
  fs.chmodSync(folder, 0);
  return path.join(root, "trash", name);
}

test("what was thrown away is deleted while a store is open, and what a short command leaves, by the next", async () => {
  await (await openStore({ root })).close();
  const trash = [leaveTrash("a"), leaveTrash("b")];
  const store = await openStore({ root });
  await vi.waitFor(() => expect(trash.filter((folder) => fs.existsSync(folder))).toEqual([]), 10_000);
  await store.close();

  const left = leaveTrash("c");
  await (await openStore({ root })).close();
  const next = await openStore({ root });
  await vi.waitFor(() => expect(fs.existsSync(left)).toBe(false), 10_000);
  await next.close();
});

test("temporary files go when the store closes", async () => {
  const store = await openStore({ root });
  fs.writeFileSync(path.join(store.temporaryFolder(), "file"), "x");
  await store.close();
  expect(fs.readdirSync(path.join(root, "tmp"))).toEqual([]);
  expect(fs.readdirSync(path.join(root, "sessions"))).toEqual([]);
});
