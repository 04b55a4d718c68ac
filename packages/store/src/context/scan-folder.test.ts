import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { sha256 } from "@slipway/oci";
import { openStore } from "../store.ts";
import { libc } from "../syscalls/libc.ts";
import { bytePath, signal, temporaryFolder, temporaryStore } from "../testing/temporary-store.test.helper.ts";
import { scanFolder } from "./scan-folder.ts";

function folderWith(files: Record<string, string>): string {
  const folder = temporaryFolder();
  for (const [name, text] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    fs.writeFileSync(path.join(folder, name), text);
  }
  return folder;
}

/** As if nobody had touched the files for a while: what changed just now is not remembered. */
function age(folder: string, ...names: string[]): void {
  for (const name of names) fs.utimesSync(path.join(folder, name), 1_600_000_000, 1_600_000_000);
}

describe("a scan of a host folder", () => {
  test("lists everything in the order of an index, owned by root, sockets as empty files", async () => {
    const folder = folderWith({ "b/x": "1", "b.c": "2", a: "3" });
    fs.symlinkSync("../away", path.join(folder, "b/link"));
    fs.chmodSync(path.join(folder, "a"), 0o6751);
    const server = net.createServer().listen(path.join(folder, "sock"));
    await new Promise((resolve) => server.once("listening", resolve));
    const { entries } = await scanFolder(folder, { signal });
    server.close();
    expect(entries.map(({ kind, path: at }) => `${kind} ${at}`)).toEqual([
      "file a",
      "dir b",
      "symlink b/link",
      "file b/x",
      "file b.c",
      "file sock",
    ]);
    expect(entries.at(-1)).toMatchObject({ sizeBytes: 0 });
    expect(entries[0]).toMatchObject({
      mode: 0o6751,
      uid: 0,
      gid: 0,
      sizeBytes: 1,
      content: { kind: "host" },
    });
  });

  test("keeps the numeric owners when asked", async () => {
    const folder = folderWith({ "d/a": "" });
    const isRoot = process.getuid?.() === 0;
    if (isRoot) fs.chownSync(path.join(folder, "d/a"), 1000, 50);
    const { uid, gid } = fs.statSync(path.join(folder, "d/a"));
    const { entries } = await scanFolder(folder, { signal, keepOwner: true });
    expect(entries[1]).toMatchObject({ path: "d/a", uid, gid });
    expect([uid, gid]).toEqual(isRoot ? [1000, 50] : [process.getuid?.(), process.getgid?.()]);
  });

  test("takes folders that are only on the way when something in them is taken", async () => {
    const folder = folderWith({
      "src/deep/keep.ts": "",
      "src/deep/drop.js": "",
      "lib/drop.js": "",
      "node_modules/m/keep.ts": "",
    });
    const asked: string[] = [];
    const { entries } = await scanFolder(folder, {
      signal,
      select: (at, kind) => {
        asked.push(at);
        if (at === "node_modules") return "exclude";
        return kind === "dir" ? "descend" : at.endsWith(".ts") ? "include" : "exclude";
      },
    });
    expect(entries.map(({ path: at }) => at)).toEqual(["src", "src/deep", "src/deep/keep.ts"]);
    expect(asked).not.toContain("node_modules/m");
  });

  test("names of one file are hard links of the first that is taken", async () => {
    const folder = folderWith({ "a/first": "x", "b/other": "y" });
    fs.linkSync(path.join(folder, "a/first"), path.join(folder, "b/second"));
    fs.linkSync(path.join(folder, "a/first"), path.join(folder, "c"));
    const all = await scanFolder(folder, { signal });
    expect(all.entries.filter(({ kind }) => kind === "hardlink")).toEqual([
      { kind: "hardlink", path: "b/second", target: "a/first" },
      { kind: "hardlink", path: "c", target: "a/first" },
    ]);
    const { entries } = await scanFolder(folder, {
      signal,
      select: (at) => (at === "a" ? "exclude" : "include"),
    });
    expect(entries.slice(-2)).toMatchObject([
      { kind: "file", path: "b/second", sizeBytes: 1 },
      { kind: "hardlink", path: "c", target: "b/second" },
    ]);
  });

  test("takes names that are not UTF-8, and leaves extended attributes out", async () => {
    const folder = folderWith({ plain: "x" });
    fs.writeFileSync(Buffer.concat([Buffer.from(`${folder}/`), Buffer.from([0xff, 0x61])]), "odd");
    libc().setXattr(path.join(folder, "plain"), "user.note", Buffer.from("n"));
    const { entries } = await scanFolder(folder, { signal });
    expect(entries.map(({ path: at }) => at)).toEqual(["plain", "\xffa"]);
    expect(entries[0]).not.toHaveProperty("xattrs");
  });

  test("says when there is no such folder", async () => {
    const folder = folderWith({ file: "" });
    await expect(scanFolder(`${folder}/none`, { signal })).rejects.toMatchObject({
      code: "CONTEXT_NOT_FOUND",
    });
    await expect(scanFolder(`${folder}/file`, { signal })).rejects.toMatchObject({
      code: "CONTEXT_NOT_A_DIRECTORY",
    });
  });
});

describe("digests of the context", () => {
  test("are right for no, small and big files, in one process and the next", async () => {
    const big = "0123456789abcdef".repeat(200_000);
    const folder = folderWith({ empty: "", small: "small", big, exact: "x".repeat(64 * 1024) });
    const root = temporaryFolder();
    for (let round = 0; round < 2; round++) {
      const store = await openStore({ root });
      const index = await store.scanFolder(folder, { signal });
      const view = await store.roots.view({ layers: [store.layers.addVolatile(index)] }, signal);
      const digests = await view.digests(view.list(bytePath(""))!, signal);
      expect(digests).toEqual([sha256(big), sha256(""), sha256("x".repeat(64 * 1024)), sha256("small")]);
      await store.close();
    }
  });

  test("are remembered for exactly the same file: equal size and mtime do not count", async () => {
    const folder = folderWith({ file: "one" });
    age(folder, "file");
    const root = temporaryFolder();
    const digestNow = async () => {
      const store = await openStore({ root });
      const view = await store.roots.view(
        { layers: [store.layers.addVolatile(await store.scanFolder(folder, { signal }))] },
        signal,
      );
      const digest = await view.digest(view.lstat(bytePath("file"))!);
      await store.close();
      return digest;
    };
    expect(await digestNow()).toBe(sha256("one"));
    fs.writeFileSync(path.join(folder, "file"), "two");
    age(folder, "file");
    expect(await digestNow()).toBe(sha256("two"));
    fs.writeFileSync(path.join(folder, "other"), "six");
    age(folder, "other");
    fs.renameSync(path.join(folder, "other"), path.join(folder, "file"));
    expect(await digestNow()).toBe(sha256("six"));
  });

  test("notice a file that changes under the build, and name it", async () => {
    const store = await temporaryStore();
    const folder = folderWith({ "dir/file": "before" });
    const view = await store.roots.view(
      { layers: [store.layers.addVolatile(await store.scanFolder(folder, { signal }))] },
      signal,
    );
    fs.writeFileSync(path.join(folder, "dir/file"), "after!");
    const lookup = view.lstat(bytePath("dir/file"))!;
    const expected = { code: "CONTEXT_CHANGED", message: expect.stringContaining("dir/file") as string };
    await expect(view.digest(lookup)).rejects.toMatchObject(expected);
    expect(() => view.open(lookup)).toThrow(expect.objectContaining(expected));
    fs.rmSync(path.join(folder, "dir/file"));
    fs.symlinkSync("/etc/passwd", path.join(folder, "dir/file"));
    await expect(view.digest(lookup)).rejects.toMatchObject(expected);
    await expect(store.layers.addIndex(await store.scanFolder(folder, { signal }), signal)).resolves.toMatch(
      /^i-/,
    );
  });

  test("of thousands of files are the same from worker threads, and errors are, too", async () => {
    const store = await temporaryStore();
    const files = Object.fromEntries(
      Array.from({ length: 3_000 }, (_, i) => [`d${i % 10}/f${i}`, `content ${i}`]),
    );
    const folder = folderWith(files);
    const index = await store.scanFolder(folder, { signal });
    const view = await store.roots.view({ layers: [store.layers.addVolatile(index)] }, signal);
    const lookups = [...view.walk(bytePath(""))].filter(({ entry }) => entry.kind === "file");
    const digests = await view.digests(lookups, signal);
    expect(digests).toEqual(lookups.map(({ entry }) => sha256(files[entry.path]!)));

    fs.appendFileSync(path.join(folder, "d7/f2777"), "!");
    const again = await store.roots.view({ layers: [store.layers.addVolatile(index)] }, signal);
    await expect(again.digests(lookups, signal)).rejects.toMatchObject({ code: "CONTEXT_CHANGED" });
  });
});
