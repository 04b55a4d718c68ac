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

  it("refuses names that a layer would take for deletions", async () => {
    using folder = temporaryFolder();
    const tar = (await packToBuffer(indexOf({ kind: "whiteout", path: "x" }))).blob;
    await expect(unpackBytes(tar, folder.path)).rejects.toMatchObject({ code: "ARCHIVE_RESERVED_NAME" });
  });

  it("says which program is missing", async () => {
    using folder = temporaryFolder();
    const saved = process.env.PATH;
    process.env.PATH = folder.path;
    try {
      const bytes = Buffer.concat([Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]), Buffer.alloc(100)]);
      await expect(unpackBytes(bytes, folder.path)).rejects.toMatchObject({ code: "ARCHIVE_TOOL_MISSING" });
    } finally {
      process.env.PATH = saved;
    }
  });
});
