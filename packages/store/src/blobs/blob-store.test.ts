import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { sha256 } from "@slipway/oci";
import { canMount, temporaryFolder, temporaryStore } from "../testing/temporary-store.test.helper.ts";
import { openStore } from "../store.ts";

describe("the blob store", () => {
  test("shows a blob at commit and not before, under its digest", async () => {
    const { blobs } = await temporaryStore();
    const digest = sha256("hello world");
    const writer = await blobs.create();
    await writer.write(Buffer.from("hello "));
    await writer.write(Buffer.from("world"));
    expect(blobs.has(digest)).toBe(false);
    expect(await writer.commit(digest)).toEqual({ digest, sizeBytes: 11 });
    expect(fs.readFileSync(blobs.path(digest), "utf8")).toBe("hello world");
    await writer.abort();
    expect(blobs.has(digest)).toBe(true);
  });

  test("holds no file of a blob that was given up while its first bytes were on the way", async () => {
    const store = await temporaryStore();
    const openFiles = (): string[] =>
      fs.readdirSync("/proc/self/fd").flatMap((fd) => {
        try {
          const file = fs.readlinkSync(`/proc/self/fd/${fd}`);
          return file.startsWith(path.join(store.root, "tmp")) ? [file] : [];
        } catch {
          return [];
        }
      });
    for (let attempt = 0; attempt < 20; attempt++) {
      const writer = await store.blobs.create();
      const writing = writer.write(Buffer.from("x")).catch(() => undefined);
      await writer.abort();
      await writing;
      await expect(writer.write(Buffer.from("y"))).rejects.toThrow();
    }
    expect(openFiles()).toEqual([]);
  });

  test("keeps nothing of a blob that is not what was expected, or was given up", async () => {
    const store = await temporaryStore();
    const writer = await store.blobs.create();
    await writer.write(Buffer.from("x"));
    await expect(writer.commit(sha256("y"))).rejects.toMatchObject({
      code: "BLOB_DIGEST_MISMATCH",
      retryable: true,
    });
    const other = await store.blobs.create();
    await other.write(Buffer.from("z"));
    await other.abort();
    expect(fs.readdirSync(path.join(store.root, "blobs/sha256"))).toEqual([]);
    expect(
      fs
        .readdirSync(path.join(store.root, "tmp"))
        .flatMap((name) => fs.readdirSync(path.join(store.root, "tmp", name))),
    ).toEqual([]);
    expect(() => store.blobs.path(sha256("x"))).toThrow(expect.objectContaining({ code: "BLOB_NOT_FOUND" }));
  });

  test("takes the empty blob, and the same blob from two writers at once", async () => {
    const { blobs } = await temporaryStore();
    const empty = await blobs.create();
    expect(await empty.commit()).toEqual({ digest: sha256(""), sizeBytes: 0 });
    const writers = await Promise.all([blobs.create(), blobs.create()]);
    await Promise.all(writers.map((writer) => writer.write(Buffer.from("same"))));
    await Promise.all(writers.map((writer) => writer.commit(sha256("same"))));
    expect(blobs.has(sha256("same"))).toBe(true);
  });

  test.skipIf(!canMount())("says what to do when the disk is full, and leaves nothing behind", async () => {
    const folder = temporaryFolder();
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=2m", "tmpfs", folder]);
    const store = await openStore({ root: folder });
    try {
      const writer = await store.blobs.create();
      const failure = (async () => {
        for (let i = 0; i < 4; i++) await writer.write(Buffer.alloc(1024 * 1024, i));
      })();
      await expect(failure).rejects.toMatchObject({
        code: "DISK_FULL",
        hint: expect.stringContaining("slipway prune") as string,
      });
      expect(
        fs
          .readdirSync(path.join(folder, "tmp"))
          .flatMap((name) => fs.readdirSync(path.join(folder, "tmp", name))),
      ).toEqual([]);
    } finally {
      await store.close();
      execFileSync("umount", [folder]);
    }
  });
});
