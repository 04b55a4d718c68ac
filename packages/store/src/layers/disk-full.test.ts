import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { openStore } from "../store.ts";
import {
  canMount,
  entry,
  indexOf,
  run,
  signal,
  temporaryFolder,
} from "../testing/temporary-store.test.helper.ts";

test.skipIf(!canMount())(
  "a full disk stops a step with advice, leaves nothing half-done, and the store works once there is room",
  async () => {
    const root = temporaryFolder();
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=24m", "tmpfs", root]);
    const store = await openStore({ root });
    try {
      const big = indexOf(entry.file("big", "x".repeat(3 * 1024 * 1024)));
      const filler = path.join(root, "filler");
      const id = await store.layers.addIndex(big, signal);
      fs.writeFileSync(filler, Buffer.alloc(17 * 1024 * 1024));
      const full = {
        code: "DISK_FULL",
        family: "world",
        hint: expect.stringContaining("slipway prune") as string,
      };
      await expect(store.layers.tree(id, signal)).rejects.toMatchObject(full);
      expect(fs.readdirSync(path.join(root, "l"))).toEqual([]);
      await expect(
        store.layers.addIndex(indexOf(entry.file("other", "y".repeat(3 * 1024 * 1024))), signal),
      ).rejects.toMatchObject(full);
      fs.rmSync(filler);
      for (const name of fs.readdirSync(path.join(root, "trash")))
        fs.rmSync(path.join(root, "trash", name), { recursive: true });
      expect(fs.statSync(path.join(await store.layers.tree(id, signal), "big")).size).toBe(3 * 1024 * 1024);
      expect(await run(store, { layers: [id] }, "rm big")).not.toBeNull();
    } finally {
      await store.close();
      execFileSync("umount", [root]);
    }
  },
);

test.skipIf(!canMount())("a disk without a byte left can be pruned", async () => {
  const root = temporaryFolder();
  execFileSync("mount", ["-t", "tmpfs", "-o", "size=8m", "tmpfs", root]);
  try {
    const first = await openStore({ root });
    await first.layers.tree(
      await first.layers.addIndex(indexOf(entry.file("f", "x".repeat(1024 * 1024))), signal),
      signal,
    );
    await first.close();
    const fd = fs.openSync(path.join(root, "filler"), "w");
    for (const size of [65536, 4096]) {
      try {
        for (;;) fs.writeSync(fd, Buffer.alloc(size));
      } catch (error) {
        expect(error).toMatchObject({ code: "ENOSPC" });
      }
    }
    fs.closeSync(fd);
    const store = await openStore({ root });
    const removed: string[] = [];
    for await (const { id } of store.prune({ all: false, signal })) removed.push(id);
    expect(removed).toHaveLength(1);
    await store.layers.addIndex(indexOf(entry.file("g", "there is room again".repeat(1000))), signal);
    await store.close();
  } finally {
    execFileSync("umount", [root]);
  }
});
