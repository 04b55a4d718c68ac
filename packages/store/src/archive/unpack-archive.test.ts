import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import zlib from "node:zlib";
import { describe, expect, it } from "vitest";
import { bytesOfText } from "../layer-index/byte-path.ts";
import {
  file,
  hasProgram,
  indexOf,
  IS_ROOT,
  packToBuffer,
  SIGNAL,
  temporaryFolder,
} from "./archive.test.helper.ts";
import { unpackArchive } from "./unpack-archive.ts";

async function unpackBytes(bytes: Uint8Array, folder: string) {
  const archive = path.join(folder, "misleading.txt");
  fs.writeFileSync(archive, bytes);
  const treeDir = path.join(folder, "tree");
  fs.mkdirSync(treeDir);
  return { treeDir, index: await unpackArchive({ path: bytesOfText(archive), treeDir, signal: SIGNAL }) };
}

async function sampleTar(): Promise<Buffer> {
  return (
    await packToBuffer(
      indexOf({ kind: "dir", path: "d" }, file("d/f", "hello"), {
        kind: "symlink",
        path: "l",
        target: "d/f",
      }),
    )
  ).blob;
}

describe.skipIf(!IS_ROOT)("unpackArchive", () => {
  it.each<[string, (tar: Buffer) => Uint8Array, string?]>([
    ["plain", (tar) => tar],
    ["gzip", (tar) => zlib.gzipSync(tar)],
    ["zstd", (tar) => zlib.zstdCompressSync(tar)],
    ["bzip2", (tar) => execFileSync("bzip2", ["-c"], { input: tar }), "bzip2"],
    ["xz", (tar) => execFileSync("xz", ["-c"], { input: tar }), "xz"],
  ])("tells a %s tar from its content", async (_, compress, program) => {
    if (program !== undefined && !hasProgram(program)) return;
    using folder = temporaryFolder();
    const { index, treeDir } = await unpackBytes(compress(await sampleTar()), folder.path);
    expect(index?.entries.map((entry) => entry.path)).toEqual(["d", "d/f", "l"]);
    expect(fs.readFileSync(path.join(treeDir, "d/f"), "utf8")).toBe("hello");
  });

  it.each<[string, Uint8Array]>([
    ["an empty file", Buffer.alloc(0)],
    ["text", Buffer.from("just text ".repeat(200))],
    ["zeros", Buffer.alloc(4096)],
    ["gzipped text", zlib.gzipSync("not a tar")],
    ["something that only begins like gzip", Buffer.from([0x1f, 0x8b, 8, 1, 2, 3])],
    ["something that only begins like zstd", Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 99, 1])],
  ])("leaves %s alone", async (_, bytes) => {
    using folder = temporaryFolder();
    const { index, treeDir } = await unpackBytes(bytes, folder.path);
    expect(index).toBeNull();
    expect(fs.readdirSync(treeDir)).toEqual([]);
  });

  it("keeps names that a layer would take for deletions", async () => {
    using folder = temporaryFolder();
    const tar = (await packToBuffer(indexOf({ kind: "whiteout", path: "x" }))).blob;
    const { index } = await unpackBytes(tar, folder.path);
    expect(index?.entries).toMatchObject([{ kind: "file", path: ".wh.x" }]);
  });

  it.each<[string, (tar: Buffer) => Uint8Array]>([
    ["text", (tar) => Buffer.concat([zlib.gzipSync(tar), Buffer.from("behind")])],
    ["half a member", (tar) => Buffer.concat([zlib.gzipSync(tar), Buffer.from([0x1f, 0x8b, 8, 0])])],
    ["nothing, not even the checksum", (tar) => zlib.gzipSync(tar).subarray(0, -8)],
    ["other bytes in the same member", (tar) => zlib.gzipSync(Buffer.concat([tar, Buffer.from("behind")]))],
    ["other bytes without gzip", (tar) => Buffer.concat([tar, Buffer.from("behind")])],
    [
      "a zstd frame that is none",
      (tar) => Buffer.concat([zlib.zstdCompressSync(tar), Buffer.from("behind it")]),
    ],
  ])("does not mind what is behind a complete archive: %s", async (_, change) => {
    using folder = temporaryFolder();
    const { index } = await unpackBytes(change(await sampleTar()), folder.path);
    expect(index?.entries.map((entry) => entry.path)).toEqual(["d", "d/f", "l"]);
  });

  it("takes an archive of several gzip members, wherever they end", async () => {
    const tar = await sampleTar();
    for (const at of [1, 512, 700, tar.length - 600]) {
      using folder = temporaryFolder();
      const named = Buffer.from([0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 3, ...Buffer.from("name\0")]);
      const second = Buffer.concat([named, zlib.gzipSync(tar.subarray(at)).subarray(10)]);
      const { index } = await unpackBytes(
        Buffer.concat([zlib.gzipSync(tar.subarray(0, at)), second]),
        folder.path,
      );
      expect(index?.entries).toHaveLength(3);
    }
  });

  it.skipIf(!hasProgram("xz"))(
    "leaves xz's rarer filters and checksums to the program, and says when it is missing",
    async () => {
      using folder = temporaryFolder();
      const tar = await sampleTar();
      const bytes = execFileSync("xz", ["--check=sha256", "-c"], { input: tar });
      const { index } = await unpackBytes(bytes, folder.path);
      expect(index?.entries.map((entry) => entry.path)).toEqual(["d", "d/f", "l"]);
      using other = temporaryFolder();
      const saved = process.env.PATH;
      process.env.PATH = other.path;
      try {
        await expect(unpackBytes(bytes, other.path)).rejects.toMatchObject({
          code: "ARCHIVE_TOOL_MISSING",
          message: 'this xz file has a filter or a checksum that only the program "xz" knows',
        });
      } finally {
        process.env.PATH = saved;
      }
    },
  );

  it("needs no program for bzip2 and xz", async () => {
    if (!hasProgram("bzip2") || !hasProgram("xz")) return;
    const tar = await sampleTar();
    const packed = ["bzip2", "xz"].map((program) => execFileSync(program, ["-c"], { input: tar }));
    using empty = temporaryFolder();
    const saved = process.env.PATH;
    process.env.PATH = empty.path;
    try {
      for (const bytes of packed) {
        using folder = temporaryFolder();
        expect((await unpackBytes(bytes, folder.path)).index?.entries).toHaveLength(3);
      }
    } finally {
      process.env.PATH = saved;
    }
  });

  it("is not fooled by damage further on: what begins as an archive must be one", async () => {
    using folder = temporaryFolder();
    // A tar may end without its blocks of zeros.
    const bytes = zlib.gzipSync((await sampleTar()).subarray(0, -1024));
    bytes[bytes.length - 5]! ^= 1;
    await expect(unpackBytes(bytes, folder.path)).rejects.toMatchObject({ code: "ARCHIVE_BAD_COMPRESSION" });
    fs.rmSync(path.join(folder.path, "tree"), { recursive: true });
    await expect(unpackBytes(bytes.subarray(0, -3), folder.path)).rejects.toMatchObject({
      code: "ARCHIVE_TRUNCATED",
    });
  });

  it
    .skipIf(!hasProgram("tar"))
    .each([
      ["--format=gnu"],
      ["--format=posix", "--sparse-version=0.0"],
      ["--format=posix", "--sparse-version=0.1"],
      ["--format=posix", "--sparse-version=1.0"],
    ])("fills the holes of sparse files (tar %s %s)", async (...args) => {
    using folder = temporaryFolder();
    const names = ["many", "tail", "hole", "empty", "plain"];
    const source = path.join(folder.path, "source");
    fs.mkdirSync(source);
    for (const name of names) fs.writeFileSync(path.join(source, name), name === "plain" ? "plain" : "");
    const many = fs.openSync(path.join(source, "many"), "r+");
    for (let i = 1; i <= 40; i++) fs.writeSync(many, `piece ${i}`, i * 100_000);
    fs.closeSync(many);
    fs.truncateSync(path.join(source, "tail"), 300_000);
    fs.appendFileSync(path.join(source, "tail"), "end");
    fs.truncateSync(path.join(source, "hole"), 300_000);
    const flags = args.filter((arg) => typeof arg === "string");
    const tar = execFileSync("tar", ["-S", ...flags, "-C", source, "-cf", "-", ...names]);
    expect(tar.length).toBeLessThan(1_000_000);
    const { index, treeDir } = await unpackBytes(tar, folder.path);
    expect(index?.entries.map((entry) => entry.path)).toEqual([...names].sort());
    for (const name of names) {
      const [wanted, got] = [source, treeDir].map((at) => fs.readFileSync(path.join(at, name)));
      expect(got!.equals(wanted!)).toBe(true);
    }
  });

  it("goes through symbolic links that the archive made itself, and through no others", async () => {
    if (!hasProgram("tar")) return;
    using folder = temporaryFolder();
    const source = path.join(folder.path, "source");
    fs.mkdirSync(path.join(source, "real/deep"), { recursive: true });
    fs.symlinkSync("/real", path.join(source, "link"));
    fs.writeFileSync(path.join(source, "f"), "through");
    const archive = path.join(folder.path, "x.tar");
    execFileSync("tar", ["-C", source, "-cf", archive, "real", "link"]);
    execFileSync("tar", ["-C", source, "-rf", archive, "--transform=s,^f,link/deep/f,", "f"]);
    const { index, treeDir } = await unpackBytes(fs.readFileSync(archive), folder.path);
    expect(index?.entries.map((entry) => entry.path)).toEqual(["link", "real", "real/deep", "real/deep/f"]);
    expect(fs.readFileSync(path.join(treeDir, "real/deep/f"), "utf8")).toBe("through");

    using other = temporaryFolder();
    fs.rmSync(path.join(source, "link"));
    fs.symlinkSync("/etc", path.join(source, "link"));
    execFileSync("tar", ["-C", source, "-cf", archive, "link"]);
    execFileSync("tar", ["-C", source, "-rf", archive, "--transform=s,^f,link/f,", "f"]);
    await expect(unpackBytes(fs.readFileSync(archive), other.path)).rejects.toMatchObject({
      code: "ARCHIVE_PATH_THROUGH_SYMLINK",
    });
  });
});
