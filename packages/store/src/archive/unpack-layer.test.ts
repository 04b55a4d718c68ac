import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import zlib from "node:zlib";
import fc from "fast-check";
import tarStream from "tar-stream";
import { describe, expect, it } from "vitest";
import type { DiffId } from "@slipway/oci";
import type { BytePath } from "../layer-index/byte-path.ts";
import { comparePaths } from "../layer-index/entry.ts";
import type { Entry, EntryMetadata, LayerIndex } from "../layer-index/entry.ts";
import { libc } from "../syscalls/libc.ts";
import {
  file,
  hasProgram,
  indexOf,
  IS_ROOT,
  METADATA,
  packToBuffer,
  SIGNAL,
  temporaryFolder,
} from "./archive.test.helper.ts";
import type { GrowingBuffer } from "./tar-header.ts";
import { appendHeader } from "./tar-header.ts";
import { TarType } from "./tar-format.ts";
import { unpackLayer } from "./unpack-layer.ts";

if (!IS_ROOT && process.env.SLIPWAY_REQUIRE_ALL === "1") throw new Error("these tests need root");

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

async function* pieces(bytes: Buffer, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

async function unpack(tar: Uint8Array, treeDir: string, expectedDiffId?: DiffId) {
  return unpackLayer({ source: once(tar), compression: "none", treeDir, signal: SIGNAL, expectedDiffId });
}

/** A tar of raw headers, as a hostile program could write it. */
function tarOf(
  ...entries: {
    name: string;
    type?: number;
    linkName?: string;
    data?: string;
    mode?: number;
    uid?: number;
    mtimeNs?: bigint;
    xattrs?: ReadonlyMap<string, Uint8Array>;
    major?: number;
    minor?: number;
  }[]
): Buffer {
  const out: GrowingBuffer = { bytes: Buffer.alloc(4096), end: 0 };
  for (const { data = "", type = TarType.file, ...rest } of entries) {
    appendHeader(out, { mode: 0o644, uid: 0, gid: 0, mtimeNs: 0n, ...rest, type, sizeBytes: data.length });
    const padded = Buffer.alloc(Math.ceil(data.length / 512) * 512);
    padded.write(data, "latin1");
    out.bytes = Buffer.concat([out.bytes.subarray(0, out.end), padded, Buffer.alloc(4096)]);
    out.end += padded.length;
  }
  return Buffer.concat([out.bytes.subarray(0, out.end), Buffer.alloc(1024)]);
}

/** As an index would be after packing and unpacking. */
function withoutContent(index: LayerIndex): unknown[] {
  return index.entries.map((entry) => {
    const { content: _content, digest: _digest, ...rest } = entry as Extract<Entry, { kind: "file" }>;
    return {
      ...rest,
      xattrs:
        rest.xattrs === undefined
          ? undefined
          : [...rest.xattrs].map(([k, v]) => [k, Buffer.from(v).toString("hex")]),
    };
  });
}

const name = fc.oneof(
  fc.string({
    unit: fc.constantFrom("a", "b", "c", ".", "-", "\xe4", "\xff", " "),
    minLength: 1,
    maxLength: 4,
  }),
  fc.constant("n".repeat(130)),
);
const metadata: fc.Arbitrary<EntryMetadata> = fc
  .record({
    mode: fc.integer({ min: 0, max: 0o7777 }),
    uid: fc.constantFrom(0, 1, 1000, 4_000_000),
    gid: fc.constantFrom(0, 5, 2_500_000),
    mtimeNs: fc.oneof(
      fc.constantFrom(0n, 1_700_000_000_000_000_000n, -1_500_000_000n),
      fc.bigInt({ min: 0n, max: 1n << 61n }),
    ),
    xattrs: fc.option(
      fc.constant(
        new Map([["security.capability", Buffer.from("0100000200200000000000000000000000000000", "hex")]]),
      ),
      { nil: undefined },
    ),
  })
  .map(({ xattrs, ...rest }) => (xattrs === undefined ? rest : { ...rest, xattrs }));
const leaf = fc.oneof(
  fc.record({ kind: fc.constant("file" as const), metadata, data: fc.uint8Array({ maxLength: 1500 }) }),
  fc.record({
    kind: fc.constant("symlink" as const),
    metadata,
    target: fc.string({ unit: fc.constantFrom("x", "/", ".", "\xfc"), minLength: 1, maxLength: 150 }),
  }),
  fc.record({ kind: fc.constant("fifo" as const), metadata }),
  fc.record({
    kind: fc.constant("block" as const),
    metadata,
    major: fc.integer({ min: 0, max: 4095 }),
    minor: fc.integer({ min: 0, max: 0xfffff }),
  }),
  fc.record({ kind: fc.constant("whiteout" as const) }),
  fc.record({ kind: fc.constant("link" as const), pick: fc.nat() }),
);
const trees: fc.Arbitrary<LayerIndex> = fc
  .array(fc.tuple(fc.array(name, { minLength: 1, maxLength: 3 }), leaf, metadata, fc.boolean()), {
    maxLength: 12,
  })
  .map((specs) => {
    const byPath = new Map<string, Entry>();
    const linkable: string[] = [];
    for (const [names, what, dirMetadata, opaque] of specs) {
      if (names.some((part) => part === "." || part === ".." || part.startsWith(".wh."))) continue;
      const at = names.join("/") as BytePath;
      if (byPath.has(at)) continue;
      const parents = names.slice(0, -1).map((_, i) => names.slice(0, i + 1).join("/") as BytePath);
      if (parents.some((parent) => byPath.has(parent) && byPath.get(parent)!.kind !== "dir")) continue;
      for (const parent of parents) {
        if (byPath.has(parent)) continue;
        const { xattrs: _, ...plain } = dirMetadata;
        byPath.set(parent, { kind: "dir", path: parent, ...plain, ...(opaque ? { opaque } : {}) });
      }
      if (what.kind === "file") {
        byPath.set(at, {
          kind: "file",
          path: at,
          ...what.metadata,
          sizeBytes: what.data.length,
          content: { kind: "bytes", data: what.data },
        });
        linkable.push(at);
      } else if (what.kind === "link") {
        // Only to what sorts before it, as an index has it.
        const target = linkable.filter((other) => comparePaths(other, at) < 0)[
          what.pick % Math.max(1, linkable.length)
        ];
        if (target !== undefined) byPath.set(at, { kind: "hardlink", path: at, target: target as BytePath });
      } else if (what.kind === "whiteout") byPath.set(at, { kind: "whiteout", path: at });
      else if (what.kind === "symlink") {
        const { xattrs: _, ...plain } = what.metadata;
        byPath.set(at, { kind: "symlink", path: at, ...plain, mode: 0o777, target: what.target });
      } else {
        const { xattrs: _, ...plain } = what.metadata;
        byPath.set(at, { ...what, ...plain, path: at, metadata: undefined } as never);
        delete (byPath.get(at) as { metadata?: unknown }).metadata;
      }
    }
    return { entries: [...byPath.values()].sort((a, b) => comparePaths(a.path, b.path)) };
  });

describe.skipIf(!IS_ROOT)("unpackLayer", () => {
  it("gives back the index that was packed, and a tree that says the same", async () => {
    await fc.assert(
      fc.asyncProperty(
        trees,
        fc.constantFrom("none", "gzip", "zstd"),
        fc.integer({ min: 1, max: 3000 }),
        async (index, compression, size) => {
          using folder = temporaryFolder();
          const packed = await packToBuffer(index, { compression });
          const { index: unpacked, diffId } = await unpackLayer({
            source: pieces(packed.blob, size),
            compression,
            expectedDiffId: packed.diffId,
            treeDir: folder.path,
            signal: SIGNAL,
          });
          expect(diffId).toBe(packed.diffId);
          expect(withoutContent(unpacked)).toEqual(withoutContent(index));
          // From the tree, the very same bytes.
          const again = await packToBuffer(unpacked, { compression, treeDir: folder.path });
          expect(again.digest).toBe(packed.digest);
          for (const entry of unpacked.entries) {
            if (entry.kind === "hardlink" || entry.kind === "whiteout") continue;
            const stat = fs.lstatSync(Buffer.from(`${folder.path}/${entry.path}`, "latin1"), {
              bigint: true,
            });
            expect([stat.uid, stat.gid, stat.mtimeNs]).toEqual([
              BigInt(entry.uid),
              BigInt(entry.gid),
              entry.mtimeNs,
            ]);
            if (entry.kind !== "symlink") expect(Number(stat.mode) & 0o7777).toBe(entry.mode);
          }
        },
      ),
      { numRuns: 150 },
    );
  });

  it("makes overlayfs's whiteouts, opaque folders and hard links", async () => {
    using folder = temporaryFolder();
    const index = indexOf(
      { kind: "dir", path: "d", opaque: true },
      file("d/a", "x"),
      { kind: "hardlink", path: "d/b", target: "d/a" as BytePath },
      { kind: "whiteout", path: "gone" },
    );
    await unpack((await packToBuffer(index)).blob, folder.path);
    const gone = fs.lstatSync(path.join(folder.path, "gone"));
    expect([gone.isCharacterDevice(), gone.rdev]).toEqual([true, 0]);
    expect(
      Buffer.from(libc().getXattr(path.join(folder.path, "d"), "trusted.overlay.opaque")!).toString(),
    ).toBe("y");
    expect(fs.statSync(path.join(folder.path, "d/a")).ino).toBe(
      fs.statSync(path.join(folder.path, "d/b")).ino,
    );
    expect(fs.readdirSync(path.join(folder.path, "d"))).toEqual(["a", "b"]);
  });

  it("reads a large layer in a worker, from a file or a stream, with the same result", async () => {
    using folder = temporaryFolder();
    const random = Buffer.from(Array.from({ length: 300_000 }, (_, i) => (i * 7919 * (i >> 3)) & 0xff));
    const index = indexOf(
      ...Array.from({ length: 40 }, (_, i) => file(`f${i}`, Buffer.concat([random, Buffer.from([i])]))),
    );
    const packed = await packToBuffer(index);
    const blob = path.join(folder.path, "blob");
    fs.writeFileSync(blob, packed.blob);
    const results = [];
    for (const source of [{ path: blob }, pieces(packed.blob, 50_000)]) {
      const treeDir = fs.mkdtempSync(path.join(folder.path, "tree-"));
      results.push(
        await unpackLayer({
          source,
          compression: "none",
          treeDir,
          signal: SIGNAL,
          expectedDiffId: packed.diffId,
        }),
      );
    }
    expect(results[0]).toEqual(results[1]);
    expect(withoutContent(results[0]!.index)).toEqual(withoutContent(index));
  });

  it("passes an error on from the worker, and stops it at an abort", async () => {
    using folder = temporaryFolder();
    const big = tarOf({ name: "big", data: "x".repeat(1_000_000) }, { name: "n".repeat(300) });
    await expect(unpack(big, folder.path)).rejects.toMatchObject({
      code: "ARCHIVE_PATH_TOO_LONG",
      family: "input",
    });
    const controller = new AbortController();
    async function* endless() {
      yield tarOf({ name: "x" }).subarray(0, 512);
      for (let i = 0; ; i++) {
        if (i === 100) controller.abort(new Error("enough"));
        yield new Uint8Array(65536);
        await new Promise(setImmediate);
      }
    }
    const unpacking = unpackLayer({
      source: endless(),
      compression: "none",
      treeDir: folder.path,
      signal: controller.signal,
    });
    await expect(unpacking).rejects.toThrow("enough");
  });

  it("says when the tar is not the one that was asked for", async () => {
    using folder = temporaryFolder();
    const wrong = `sha256:${"0".repeat(64)}` as DiffId;
    await expect(unpack(tarOf({ name: "a" }), folder.path, wrong)).rejects.toMatchObject({
      code: "LAYER_DIFF_ID_MISMATCH",
    });
  });

  it("counts what follows the archive's end to the diff ID", async () => {
    using folder = temporaryFolder();
    const one = await unpack(tarOf({ name: "a" }), folder.path);
    using other = temporaryFolder();
    const two = await unpack(Buffer.concat([tarOf({ name: "a" }), Buffer.alloc(9000)]), other.path);
    expect(two.diffId).not.toBe(one.diffId);
    expect(two.index).toEqual(one.index);
  });

  it("replaces entries that come twice, and keeps a folder that comes again", async () => {
    using folder = temporaryFolder();
    const tar = tarOf(
      { name: "d/", type: TarType.dir, mode: 0o700 },
      { name: "d/x", data: "1" },
      { name: "d/", type: TarType.dir, mode: 0o755 },
      { name: "f", data: "old" },
      { name: "f", data: "newer" },
      { name: "e/", type: TarType.dir },
      { name: "e/y" },
      { name: "e", data: "now a file" },
    );
    const { index } = await unpack(tar, folder.path);
    expect(index.entries.map((entry) => [entry.path, entry.kind])).toEqual([
      ["d", "dir"],
      ["d/x", "file"],
      ["e", "file"],
      ["f", "file"],
    ]);
    expect(fs.readFileSync(path.join(folder.path, "f"), "utf8")).toBe("newer");
    expect(fs.statSync(path.join(folder.path, "d")).mode & 0o777).toBe(0o755);
  });

  it.each([["before"], ["after"]])(
    "lets a whiteout hide lower layers only, when it comes %s the entry",
    async (when) => {
      using folder = temporaryFolder();
      const whiteouts = [{ name: ".wh.d" }, { name: ".wh.f" }];
      const entries = [
        { name: "d/x", data: "1" },
        { name: "f", data: "2" },
      ];
      const { index } = await unpack(
        tarOf(...(when === "before" ? [...whiteouts, ...entries] : [...entries, ...whiteouts])),
        folder.path,
      );
      expect(index.entries.map(({ path: at, kind }) => [at, kind])).toEqual([
        ["d", "dir"],
        ["d/x", "file"],
        ["f", "file"],
      ]);
      expect(index.entries[0]).toMatchObject({ opaque: true, mode: 0o755, uid: 0 });
    },
  );

  it.each<[string, Parameters<typeof tarOf>, string]>([
    [
      "a path through symlinks that lead in a circle",
      [
        { name: "l", type: TarType.symlink, linkName: "m" },
        { name: "m", type: TarType.symlink, linkName: "l" },
        { name: "l/x" },
      ],
      "ARCHIVE_PATH_THROUGH_SYMLINK",
    ],
    [
      "a path that its links make too long",
      [{ name: "l", type: TarType.symlink, linkName: "d/".repeat(2000) }, { name: `l/${"e/".repeat(100)}x` }],
      "ARCHIVE_PATH_TOO_LONG",
    ],
    ["a file below a file", [{ name: "f" }, { name: "f/x" }], "ARCHIVE_PARENT_NOT_DIRECTORY"],
    [
      "a hard link to the outside",
      [{ name: "h", type: TarType.hardlink, linkName: "../../etc/passwd" }],
      "ARCHIVE_HARDLINK_TARGET",
    ],
    [
      "a hard link to a file of the machine",
      [{ name: "h", type: TarType.hardlink, linkName: "/etc/passwd" }],
      "ARCHIVE_HARDLINK_TARGET",
    ],
    [
      "a hard link through a symlink",
      [
        { name: "l", type: TarType.symlink, linkName: "/etc" },
        { name: "h", type: TarType.hardlink, linkName: "l/passwd" },
      ],
      "ARCHIVE_HARDLINK_TARGET",
    ],
    [
      "a hard link to a folder",
      [
        { name: "d/", type: TarType.dir },
        { name: "h", type: TarType.hardlink, linkName: "d" },
      ],
      "ARCHIVE_HARDLINK_TARGET",
    ],
    ["a whiteout of nothing", [{ name: "a/.wh." }], "ARCHIVE_BAD_WHITEOUT"],
    ["a whiteout of the folder above", [{ name: "a/.wh..." }], "ARCHIVE_BAD_WHITEOUT"],
    ["a socket or worse", [{ name: "s", type: 0x73 }], "ARCHIVE_UNSUPPORTED_TYPE"],
    ["a very deep path", [{ name: "d/".repeat(100_000) }], "ARCHIVE_PATH_TOO_LONG"],
    ["a very long name", [{ name: "n".repeat(300) }], "ARCHIVE_PATH_TOO_LONG"],
    ["a name of megabytes", [{ name: "n".repeat(3 << 20) }], "ARCHIVE_HEADER_TOO_LARGE"],
  ])("refuses %s", async (_, entries, code) => {
    using folder = temporaryFolder();
    await expect(unpack(tarOf(...entries), folder.path)).rejects.toMatchObject({
      code,
      family: "input",
      hint: expect.any(String) as string,
    });
  });

  it("stops at the root where names lead above it, as in a chroot", async () => {
    using outer = temporaryFolder();
    const treeDir = path.join(outer.path, "tree");
    fs.mkdirSync(treeDir);
    const { index } = await unpack(
      tarOf(
        { name: "../../etc/x" },
        { name: "a/../../y" },
        { name: "h", type: TarType.hardlink, linkName: "../y" },
      ),
      treeDir,
    );
    expect(index.entries.map((entry) => entry.path)).toEqual(["etc", "etc/x", "h", "y"]);
    expect(fs.readdirSync(outer.path)).toEqual(["tree"]);
  });

  it.each<[string, Parameters<typeof tarOf>, readonly string[]]>([
    [
      "files",
      [{ name: "l", type: TarType.symlink, linkName: "/tmp" }, { name: "l/x" }, { name: "l/d/y" }],
      ["l", "tmp", "tmp/d", "tmp/d/y", "tmp/x"],
    ],
    [
      "folders",
      [
        { name: "l", type: TarType.symlink, linkName: "." },
        { name: "l/d/", type: TarType.dir },
      ],
      ["d", "l"],
    ],
    [
      "deletions",
      [{ name: "l", type: TarType.symlink, linkName: "../../.." }, { name: "l/.wh.etc" }],
      ["etc", "l"],
    ],
    [
      "links to links",
      [
        { name: "d/", type: TarType.dir },
        { name: "d/f" },
        { name: "d/l", type: TarType.symlink, linkName: "../d/" },
        { name: "m", type: TarType.symlink, linkName: "d/l" },
        { name: "m/h", type: TarType.hardlink, linkName: "m/f" },
      ],
      ["d", "d/f", "d/h", "d/l", "m"],
    ],
  ])("follows the layer's own symlinks within the root: %s", async (_, entries, paths) => {
    using outer = temporaryFolder();
    const treeDir = path.join(outer.path, "tree");
    fs.mkdirSync(treeDir);
    const { index } = await unpack(tarOf(...entries), treeDir);
    expect(index.entries.map((entry) => entry.path)).toEqual(paths);
    for (const at of paths) expect(fs.lstatSync(path.join(treeDir, at))).toBeDefined();
    expect(fs.readdirSync(outer.path)).toEqual(["tree"]);
  });

  it("gives a file what the entry of a further name says of it", async () => {
    using folder = temporaryFolder();
    const { index } = await unpack(
      tarOf(
        { name: "a", mode: 0o600, uid: 5 },
        { name: "b", type: TarType.hardlink, linkName: "a", mode: 0o4755, uid: 7, mtimeNs: 10n ** 18n },
      ),
      folder.path,
    );
    const expected = { mode: 0o4755, uid: 7, mtimeNs: 10n ** 18n };
    expect(index.entries[0]).toMatchObject({ path: "a", ...expected });
    expect(index.entries[1]).toMatchObject({ kind: "hardlink", path: "b", target: "a" });
    const stat = fs.statSync(path.join(folder.path, "a"), { bigint: true });
    expect([Number(stat.mode) & 0o7777, Number(stat.uid), stat.mtimeNs]).toEqual(Object.values(expected));
  });

  it("knows the folders of AUFS only for what is in them, which links may lead to", async () => {
    using folder = temporaryFolder();
    const { index } = await unpack(
      tarOf(
        { name: ".wh..wh.plnk/", type: TarType.dir },
        { name: ".wh..wh.plnk/1.2", data: "x" },
        { name: "a", type: TarType.hardlink, linkName: ".wh..wh.plnk/1.2" },
        { name: ".wh..wh.aufs" },
      ),
      folder.path,
    );
    expect(index.entries.map((entry) => entry.path)).toEqual([".wh..wh.plnk", ".wh..wh.plnk/1.2", "a"]);
    expect(fs.readFileSync(path.join(folder.path, "a"), "utf8")).toBe("x");
  });

  it("leaves the root's mode and owner alone", async () => {
    using folder = temporaryFolder();
    const { index } = await unpack(
      tarOf({ name: "./", type: TarType.dir, mode: 0o700, uid: 3 }, { name: "a" }),
      folder.path,
    );
    expect(index.entries.map((entry) => entry.path)).toEqual(["a"]);
    expect(fs.statSync(folder.path)).toMatchObject({ uid: process.getuid!(), mode: 0o40755 });
  });

  it("marks folders that the layer does not name, and packs them as they came", async () => {
    using folder = temporaryFolder();
    const tar = tarOf({ name: "a/b/f" }, { name: "a/", type: TarType.dir, mode: 0o700 });
    const { index } = await unpack(tar, folder.path);
    expect(index.entries).toMatchObject([
      { path: "a", mode: 0o700 },
      { path: "a/b", implied: true },
      { path: "a/b/f" },
    ]);
    expect(index.entries[0]).not.toHaveProperty("implied");
    const { blob } = await packToBuffer(index, { treeDir: folder.path });
    const names = execFileSync("tar", ["tf", "-"], { input: blob, encoding: "utf8" }).trim().split("\n");
    expect(names).toEqual(["a/", "a/b/f"]);
  });

  it("takes absolute and untidy names as below the root", async () => {
    using folder = temporaryFolder();
    const { index } = await unpack(
      tarOf({ name: "/abs" }, { name: "./a//b/./c" }, { name: "x/../y" }),
      folder.path,
    );
    expect(index.entries.map((entry) => entry.path)).toEqual(["a", "a/b", "a/b/c", "abs", "y"]);
  });

  it("drops attributes by which an archive could steer overlayfs", async () => {
    using folder = temporaryFolder();
    const xattrs = new Map([
      ["trusted.overlay.redirect", Buffer.from("/etc")],
      ["user.fine", Buffer.from("\0\n=", "latin1")],
    ]);
    const { index } = await unpack(tarOf({ name: "d/", type: TarType.dir, xattrs }), folder.path);
    expect([...(index.entries[0] as EntryMetadata).xattrs!.keys()]).toEqual(["user.fine"]);
    expect(libc().listXattrs(path.join(folder.path, "d"))).toEqual(["user.fine"]);
  });

  it.each<[string, (tar: Buffer) => Buffer, string]>([
    ["a wrong checksum", (tar) => (tar.writeUInt8(tar[0]! ^ 1, 0), tar), "ARCHIVE_BAD_CHECKSUM"],
    ["an end in the middle of a file", (tar) => tar.subarray(0, 600), "ARCHIVE_TRUNCATED"],
    ["an end in the middle of a header", (tar) => tar.subarray(0, 300), "ARCHIVE_TRUNCATED"],
    ["something else entirely", () => Buffer.from("no tar at all ".repeat(100)), "ARCHIVE_BAD_CHECKSUM"],
  ])("refuses %s", async (_, damage, code) => {
    using folder = temporaryFolder();
    await expect(
      unpack(damage(tarOf({ name: "a", data: "x".repeat(1000) })), folder.path),
    ).rejects.toMatchObject({ code });
  });

  it("refuses a size that the bytes do not fill, without making room for it", async () => {
    using folder = temporaryFolder();
    const out: GrowingBuffer = { bytes: Buffer.alloc(4096), end: 0 };
    appendHeader(out, { ...METADATA, name: "huge", type: TarType.file, sizeBytes: 2 ** 52 });
    await expect(unpack(out.bytes.subarray(0, out.end), folder.path)).rejects.toMatchObject({
      code: "ARCHIVE_TRUNCATED",
    });
  });

  it("never writes outside and never fails in an unknown way, whatever the bytes", async () => {
    using outer = temporaryFolder();
    const valid = tarOf(
      { name: "a/b", data: "hello" },
      { name: "l", type: TarType.symlink, linkName: "../x" },
      { name: "é".repeat(80), mtimeNs: 5n },
    );
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(valid.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 }),
        async (edits) => {
          const tar = Buffer.from(valid);
          for (const [at, value] of edits) {
            tar[at] = value;
            // Half of the damage must get past the checksum.
            const block = at - (at % 512);
            if (at % 2 === 0) fixChecksum(tar, block);
          }
          const treeDir = fs.mkdtempSync(path.join(outer.path, "t-"));
          await unpack(tar, treeDir).catch((error: { code?: string }) =>
            expect(error.code).toMatch(/^ARCHIVE_|^STORE_/),
          );
          fs.rmSync(treeDir, { recursive: true });
          expect(fs.readdirSync(outer.path)).toEqual([]);
        },
      ),
      { numRuns: 300 },
    );
  });

  it.each(["gzip", "zstd"] as const)("tells damaged from truncated %s", async (compression) => {
    using folder = temporaryFolder();
    const { blob } = await packToBuffer(
      indexOf(file("a", Buffer.from(Array.from({ length: 9000 }, (_, i) => (i * i) & 255)))),
      { compression },
    );
    const run = (bytes: Buffer) =>
      unpackLayer({ source: once(bytes), compression, treeDir: folder.path, signal: SIGNAL });
    await expect(run(blob.subarray(0, blob.length - 30))).rejects.toMatchObject({
      code: "ARCHIVE_TRUNCATED",
    });
    fs.rmSync(path.join(folder.path, "a"), { force: true });
    await expect(run(Buffer.from("this is not compressed at all"))).rejects.toMatchObject({
      code: "ARCHIVE_BAD_COMPRESSION",
    });
  });

  it("reads what tar-stream writes", async () => {
    using folder = temporaryFolder();
    const pack = tarStream.pack();
    pack.entry({ name: "d", type: "directory", mode: 0o750 });
    pack.entry({ name: "d/f", mode: 0o600, mtime: new Date(1_600_000_000_000) }, "content");
    pack.entry({ name: `d/${"l".repeat(200)}`, type: "symlink", linkname: "t".repeat(150) });
    pack.finalize();
    const chunks: Buffer[] = [];
    for await (const chunk of pack as unknown as AsyncIterable<Buffer>) chunks.push(chunk);
    const { index } = await unpack(Buffer.concat(chunks), folder.path);
    expect(index.entries.map(({ path: at, kind }) => [at, kind])).toEqual([
      ["d", "dir"],
      ["d/f", "file"],
      [`d/${"l".repeat(200)}`, "symlink"],
    ]);
    expect(index.entries[2]).toMatchObject({ target: "t".repeat(150) });
    expect(index.entries[1]).toMatchObject({
      mode: 0o600,
      mtimeNs: 1_600_000_000_000_000_000n,
      sizeBytes: 7,
    });
  });

  it.skipIf(!hasProgram("tar")).each(["gnu", "oldgnu", "pax", "ustar", "v7"])(
    "reads what GNU tar writes as %s",
    async (format) => {
      using folder = temporaryFolder();
      const from = path.join(folder.path, "from");
      const long = format === "v7" || format === "ustar" ? "short" : `${"l".repeat(100)}/${"m".repeat(120)}`;
      fs.mkdirSync(path.join(from, path.dirname(long)), { recursive: true });
      fs.writeFileSync(path.join(from, long), "data");
      fs.linkSync(path.join(from, long), path.join(from, "zlink"));
      fs.symlinkSync("t".repeat(format === "v7" || format === "ustar" ? 50 : 180), path.join(from, "sym"));
      const tar = execFileSync("tar", ["cf", "-", `--format=${format}`, "--sort=name", "-C", from, "."]);
      const treeDir = path.join(folder.path, "tree");
      fs.mkdirSync(treeDir);
      const { index } = await unpack(tar, treeDir);
      expect(fs.readFileSync(path.join(treeDir, long), "utf8")).toBe("data");
      expect(fs.statSync(path.join(treeDir, "zlink")).ino).toBe(fs.statSync(path.join(treeDir, long)).ino);
      expect(fs.readlinkSync(path.join(treeDir, "sym"))).toBe(fs.readlinkSync(path.join(from, "sym")));
      expect(index.entries.find((entry) => entry.path === "zlink")).toMatchObject({
        kind: "hardlink",
        target: long,
      });
    },
  );

  it("reads gzip of several members, as pigz and others write it", async () => {
    using folder = temporaryFolder();
    const tar = tarOf({ name: "a", data: "x".repeat(3000) });
    const blob = Buffer.concat([zlib.gzipSync(tar.subarray(0, 1000)), zlib.gzipSync(tar.subarray(1000))]);
    const { index } = await unpackLayer({
      source: once(blob),
      compression: "gzip",
      treeDir: folder.path,
      signal: SIGNAL,
    });
    expect(index.entries).toMatchObject([{ path: "a", sizeBytes: 3000 }]);
  });
});

function fixChecksum(tar: Buffer, block: number): void {
  tar.fill(0x20, block + 148, block + 156);
  let sum = 0;
  for (let i = block; i < Math.min(block + 512, tar.length); i++) sum += tar[i]!;
  tar.write(sum.toString(8).padStart(6, "0") + "\0 ", block + 148, "latin1");
}
