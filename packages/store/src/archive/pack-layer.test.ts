import { execFileSync } from "node:child_process";
import { hash } from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { Readable } from "node:stream";
import zlib from "node:zlib";
import tarStream from "tar-stream";
import { describe, expect, it } from "vitest";
import { bytesOfText } from "../layer-index/byte-path.ts";
import type { BytePath } from "../layer-index/byte-path.ts";
import type { Entry, LayerIndex } from "../layer-index/entry.ts";
import { comparePaths } from "../layer-index/entry.ts";
import {
  contentIn,
  file,
  hasProgram,
  indexOf,
  packToBuffer,
  SIGNAL,
  temporaryFolder,
} from "./archive.test.helper.ts";
import { packLayer } from "./pack-layer.ts";

async function headersOf(tar: Buffer): Promise<(tarStream.Header & { content: string })[]> {
  const found: (tarStream.Header & { content: string })[] = [];
  const extract = tarStream.extract();
  Readable.from([tar]).pipe(extract);
  for await (const entry of extract) {
    const chunks: Buffer[] = [];
    for await (const chunk of entry as AsyncIterable<Buffer>) chunks.push(chunk);
    found.push({ ...entry.header, content: Buffer.concat(chunks).toString("latin1") });
  }
  return found;
}

const SAMPLE = indexOf(
  { kind: "dir", path: "a", mode: 0o1777, opaque: true },
  file("a/one", "hello", {
    mode: 0o4755,
    uid: 3_000_000,
    gid: 1000,
    xattrs: new Map([["user.x", Buffer.from("y")]]),
  }),
  { kind: "hardlink", path: "a/two", target: "a/one" as BytePath },
  { kind: "symlink", path: "b", target: "../somewhere/else" },
  { kind: "char", path: "c", major: 5, minor: 300, mode: 0o600 },
  { kind: "fifo", path: "d" },
  file(`long/${"x".repeat(120)}`, "", { mtimeNs: 1_600_000_000_123_456_789n }),
  { kind: "dir", path: "long" },
  file("ünï", "x"),
  { kind: "whiteout", path: "gone" },
  { kind: "whiteout", path: "a/gone" },
);

describe("packLayer", () => {
  it("writes what another tar reader reads", async () => {
    const { blob, diffId, digest, sizeBytes, uncompressedBytes } = await packToBuffer(SAMPLE);
    expect(sizeBytes).toBe(blob.length);
    expect(uncompressedBytes).toBe(blob.length);
    expect(diffId).toBe(`sha256:${hash("sha256", blob)}`);
    expect(digest).toBe(diffId);
    const headers = await headersOf(blob);
    expect(headers.map(({ name, type }) => [name, type])).toEqual([
      ["a/", "directory"],
      ["a/.wh..wh..opq", "file"],
      ["a/.wh.gone", "file"],
      ["a/one", "file"],
      ["a/two", "link"],
      ["b", "symlink"],
      ["c", "character-device"],
      ["d", "fifo"],
      [".wh.gone", "file"],
      ["long/", "directory"],
      [`long/${"x".repeat(120)}`, "file"],
      ["ünï", "file"],
    ]);
    const one = headers.find(({ name }) => name === "a/one")!;
    expect(one).toMatchObject({ mode: 0o4755, gid: 1000, content: "hello" });
    expect(one.pax).toMatchObject({ uid: "3000000", "SCHILY.xattr.user.x": "y" });
    expect(headers.find(({ name }) => name === "a/two")).toMatchObject({ linkname: "a/one" });
    expect(headers.find(({ name }) => name === "c")).toMatchObject({ devmajor: 5, devminor: 300 });
    expect(headers.find(({ name }) => name.startsWith("long/x"))!.pax).toMatchObject({
      mtime: "1600000000.123456789",
    });
  });

  it.each(["gzip", "zstd"] as const)("wraps the same tar in %s", async (compression) => {
    const plain = await packToBuffer(SAMPLE);
    const packed = await packToBuffer(SAMPLE, { compression });
    const inflate = compression === "gzip" ? zlib.gunzipSync : zlib.zstdDecompressSync;
    expect(inflate(packed.blob).equals(plain.blob)).toBe(true);
    expect(packed.diffId).toBe(plain.diffId);
    expect(packed.digest).toBe(`sha256:${hash("sha256", packed.blob)}`);
    expect(packed.sizeBytes).toBe(packed.blob.length);
  });

  it("gives the same bytes in a worker and without, and whenever it runs", async () => {
    using folder = temporaryFolder();
    const entries: Entry[] = [];
    for (let i = 0; i < 700; i++) {
      const data = Buffer.alloc(i * 37, `line ${i} of some text\n`);
      fs.writeFileSync(path.join(folder.path, `f${i}`), data);
      entries.push({ ...file(`f${i}`, data), content: { kind: "tree" } } as unknown as Entry);
    }
    const index = indexOf(...(entries as never[]));
    const first = await packToBuffer(index, { compression: "gzip", treeDir: folder.path });
    const second = await packToBuffer(index, { compression: "gzip", treeDir: folder.path });
    expect(second.digest).toBe(first.digest);
    // 9 MB in blocks of 1 MiB: joined blocks must be one gzip member.
    const tar = zlib.gunzipSync(first.blob);
    expect(tar.length).toBe(first.uncompressedBytes);
    expect(first.diffId).toBe(`sha256:${hash("sha256", tar)}`);
    const headers = await headersOf(tar);
    expect(headers).toHaveLength(700);
    expect(headers.every(({ content, name }) => content.length === Number(name.slice(1)) * 37)).toBe(true);
  });

  it("writes nothing that depends on when or by whom it runs", async () => {
    const { blob } = await packToBuffer(indexOf(file("x", "y")), { compression: "gzip" });
    expect([...blob.subarray(4, 10)]).toEqual([0, 0, 0, 0, 0, 0xff]);
    const [header] = await headersOf(zlib.gunzipSync(blob));
    expect(header).toMatchObject({ uname: "", gname: "" });
  });

  it("takes times later than asked for back, and leaves earlier ones", async () => {
    const index = indexOf(
      file("new", "", { mtimeNs: 2_000_000_000_000_000_000n }),
      file("old", "", { mtimeNs: 1_000_000_000n }),
    );
    const headers = await headersOf(
      (await packToBuffer(index, { rewriteTimestampSeconds: 1_500_000_000 })).blob,
    );
    expect(headers.map(({ mtime }) => mtime!.getTime() / 1000)).toEqual([1_500_000_000, 1]);
  });

  it("cuts long names between prefix and name only where that is possible", async () => {
    const names = [
      "p".repeat(90) + "/" + "n".repeat(90),
      "p".repeat(160) + "/n",
      "q/" + "n".repeat(101),
      "é".repeat(60),
    ];
    const index = indexOf(...names.map((name) => file(name, "")));
    const headers = await headersOf((await packToBuffer(index)).blob);
    expect(headers.map(({ name }) => name).sort()).toEqual([...names].sort());
    expect(headers.find(({ name }) => name === names[0])!.pax).toBeNull();
  });

  it("packs names that mean deletions in layers as they are, as BuildKit does", async () => {
    const headers = await headersOf(
      (await packToBuffer(indexOf(file(".wh.x", ""), file(".wh..wh.y", "")))).blob,
    );
    expect(headers.map(({ name }) => name)).toEqual([".wh..wh.y", ".wh.x"]);
  });

  it.each([false, true])("notices a file that changed after it was indexed (worker: %s)", async (large) => {
    using folder = temporaryFolder();
    const name = path.join(folder.path, "file");
    fs.writeFileSync(name, "x".repeat(large ? 3_000_000 : 10));
    const stat = fs.statSync(name, { bigint: true });
    const identity = {
      dev: stat.dev,
      ino: stat.ino,
      sizeBytes: Number(stat.size),
      mtimeNs: stat.mtimeNs,
      ctimeNs: stat.ctimeNs,
    };
    const entry = {
      ...file("file", ""),
      sizeBytes: Number(stat.size),
      content: { kind: "host" as const, path: bytesOfText(name), identity },
    };
    const index = indexOf(entry);
    await expect(packToBuffer(index)).resolves.toMatchObject({ sizeBytes: expect.any(Number) as number });
    // Same size, same mtime: only the time of the status change tells.
    fs.writeFileSync(name, "y".repeat(large ? 3_000_000 : 10));
    fs.utimesSync(name, stat.atime, stat.mtime);
    await expect(packToBuffer(index)).rejects.toMatchObject({
      code: "CONTEXT_CHANGED",
      data: { path: name },
    });
    fs.truncateSync(name, 5);
    await expect(packToBuffer(index)).rejects.toMatchObject({ code: "CONTEXT_CHANGED" });
    fs.rmSync(name);
    await expect(packToBuffer(index)).rejects.toMatchObject({ code: "CONTEXT_CHANGED" });
  });

  it("does not blame the context when a file of the store is missing", async () => {
    using folder = temporaryFolder();
    const index = indexOf({ ...file("lost", "x"), content: { kind: "tree" } } as never);
    await expect(packToBuffer(index, { treeDir: folder.path })).rejects.toMatchObject({
      code: "FILE_NOT_READABLE",
      family: "world",
      data: { reason: "ENOENT" },
    });
  });

  it("stops at an abort, and passes on what the sink throws", async () => {
    using folder = temporaryFolder();
    fs.writeFileSync(path.join(folder.path, "big"), Buffer.alloc(64 << 20));
    const index = indexOf({ ...file("big", ""), sizeBytes: 64 << 20, content: { kind: "tree" } } as never);
    const controller = new AbortController();
    const request = {
      index,
      resolveContent: contentIn(folder.path),
      compression: "none" as const,
      signal: controller.signal,
    };
    let seen = 0;
    const aborted = packLayer({
      ...request,
      sink: () => void (++seen === 3 && controller.abort(new Error("enough"))),
    });
    await expect(aborted).rejects.toThrow("enough");
    expect(seen).toBeLessThan(40);
    const failing = packLayer({
      ...request,
      signal: SIGNAL,
      sink: () => Promise.reject(new Error("disk full")),
    });
    await expect(failing).rejects.toThrow("disk full");
  });

  it("waits for a slow sink instead of filling memory", async () => {
    using folder = temporaryFolder();
    fs.writeFileSync(path.join(folder.path, "big"), Buffer.alloc(48 << 20));
    const index = indexOf({ ...file("big", ""), sizeBytes: 48 << 20, content: { kind: "tree" } } as never);
    let inSink = 0;
    let most = 0;
    let bytes = 0;
    await packLayer({
      index,
      resolveContent: contentIn(folder.path),
      compression: "none",
      signal: SIGNAL,
      async sink(chunk) {
        most = Math.max(most, ++inSink);
        await new Promise((resolve) => setTimeout(resolve, 2));
        bytes += chunk.length;
        inSink--;
      },
    });
    expect(most).toBe(1);
    expect(bytes).toBeGreaterThan(48 << 20);
  });

  it.skipIf(!hasProgram("tar"))("is read by GNU tar, names that are not UTF-8 included", async () => {
    using folder = temporaryFolder();
    const raw = "caf\xe9" as BytePath;
    const other = "\xff\xfe-name" as BytePath;
    const entries = [
      file("plain", "1"),
      { ...file("x", "2"), path: raw },
      { ...file("x", "3"), path: other },
    ];
    const index: LayerIndex = {
      entries: entries
        .map((entry) => ({ mode: 0o644, uid: 0, gid: 0, mtimeNs: 5_000_000_001n, ...entry }) as Entry)
        .sort((a, b) => comparePaths(a.path, b.path)),
    };
    const { blob } = await packToBuffer(index);
    execFileSync("tar", ["xf", "-", "--no-same-owner"], {
      cwd: folder.path,
      input: blob,
      env: { ...process.env, LC_ALL: "C.UTF-8" },
    });
    const names = fs.readdirSync(folder.path, { encoding: "latin1" }).sort();
    expect(names).toEqual([raw, "plain", other].sort());
    expect(fs.readFileSync(Buffer.from(`${folder.path}/${raw}`, "latin1"), "utf8")).toBe("2");
    expect(fs.statSync(path.join(folder.path, "plain"), { bigint: true }).mtimeNs).toBe(5_000_000_001n);
  });
});
