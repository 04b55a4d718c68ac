import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import zlib from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hasProgram } from "./archive.test.helper.ts";
import { decompressInto } from "./decompress.ts";
import type { ArchiveCompression } from "./detect-archive.ts";

const TEXT = Buffer.from("hello archive, ".repeat(40));
const BZIP2 = Buffer.from(
  "QlpoOTFBWSZTWabrgIkAAJ+RgEAEKmSRACAAUIBppoClUaaMTQnYmRMCbE4JoTAmhOxMicCbE4J+LuSKcKEhTdcBEg==",
  "base64",
);
const XZ = Buffer.from(
  "/Td6WFoAAATm1rRGAgAhARYAAAB0L+Wj4AJXABldADQZSe6N6RGIxtSHna2vv4scu5/7RShGcAAAAAAAfySvxhONaLMAATXYBAAAAAzhBaGxxGf7AgAAAAAEWVo=",
  "base64",
);
const ZSTD = zlib.zstdCompressSync(TEXT, { params: { [zlib.constants.ZSTD_c_checksumFlag]: 1 } });
const GZIP = zlib.gzipSync(TEXT);

function* pieces(data: Uint8Array, length = 1 << 16): Generator<Uint8Array> {
  for (let at = 0; at < data.length; at += length) yield data.subarray(at, at + length);
}

async function decompressed(
  compression: ArchiveCompression,
  data: Uint8Array,
  pieceBytes?: number,
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  await decompressInto(pieces(data, pieceBytes), {
    compression,
    take: (chunk) => void chunks.push(Buffer.from(chunk)),
  });
  return Buffer.concat(chunks);
}

function compressed(program: string, data: Uint8Array, ...args: string[]): Buffer {
  return execFileSync(program, [...args, "-c"], { input: data, maxBuffer: 1 << 28 });
}

describe.each<[ArchiveCompression, Buffer]>([
  ["gzip", GZIP],
  ["zstd", ZSTD],
  ["bzip2", BZIP2],
  ["xz", XZ],
])("%s", (compression, packed) => {
  it("gives what was packed, in whatever pieces it comes", async () => {
    expect(await decompressed(compression, packed)).toEqual(TEXT);
    expect(await decompressed(compression, packed, 1)).toEqual(TEXT);
  });

  it("goes on with a second stream behind the first", async () => {
    const twice = Buffer.concat([packed, packed]);
    expect(await decompressed(compression, twice)).toEqual(Buffer.concat([TEXT, TEXT]));
    expect(await decompressed(compression, twice, 7)).toEqual(Buffer.concat([TEXT, TEXT]));
  });

  it("tells an early end from damage", async () => {
    for (const length of [packed.length - 1, packed.length >> 1, 13]) {
      await expect(decompressed(compression, packed.subarray(0, length))).rejects.toMatchObject({
        code: "ARCHIVE_TRUNCATED",
      });
    }
    const damaged = Buffer.from(packed);
    damaged[Math.floor(packed.length * 0.6)]! ^= 0x10;
    await expect(decompressed(compression, damaged)).rejects.toMatchObject({
      code: expect.stringMatching(/^ARCHIVE_(BAD_COMPRESSION|TRUNCATED)$/) as string,
    });
  });

  it("gives an error that is the person's business for whatever bytes", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(packed.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        async (changes) => {
          const bytes = Buffer.from(packed);
          for (const [at, value] of changes) bytes[at] = value;
          const outcome = await decompressed(compression, bytes).catch((error: { code?: string }) => error);
          if (!Buffer.isBuffer(outcome)) expect(outcome.code).toMatch(/^ARCHIVE_/);
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe("bzip2", () => {
  it("drops what follows the last stream, as bzip2 does", async () => {
    expect(await decompressed("bzip2", Buffer.concat([BZIP2, Buffer.from("\0\0garbage")]))).toEqual(TEXT);
  });

  it.skipIf(!hasProgram("bzip2"))("unpacks what bzip2 packs", async () => {
    const runs = fc
      .array(fc.tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 1, max: 700 })), { maxLength: 60 })
      .map((list) => Buffer.concat(list.map(([byte, count]) => Buffer.alloc(count, byte))));
    const bytes = fc.uint8Array({ maxLength: 2000 }).map((data) => Buffer.from(data));
    await fc.assert(
      fc.asyncProperty(fc.oneof(runs, bytes), async (data) => {
        expect((await decompressed("bzip2", compressed("bzip2", data))).equals(data)).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  it.skipIf(!hasProgram("bzip2"))(
    "reads many blocks, and a gigabyte's worth of zeros in little memory",
    async () => {
      const random = randomBytes(1 << 20);
      expect((await decompressed("bzip2", compressed("bzip2", random, "-1"))).equals(random)).toBe(true);
      const zeros = compressed("bzip2", Buffer.alloc(100 << 20));
      let length = 0;
      let largest = 0;
      await decompressInto(pieces(zeros), {
        compression: "bzip2",
        take: (chunk) => {
          length += chunk.length;
          largest = Math.max(largest, chunk.length);
        },
      });
      expect(length).toBe(100 << 20);
      expect(largest).toBeLessThanOrEqual(1 << 18);
    },
  );
});

describe("bzip2 in many streams", () => {
  const empty = Buffer.from("BZh9\x17\x72\x45\x38\x50\x90\0\0\0\0", "latin1");
  const many = Buffer.concat([...Array.from({ length: 100_000 }, () => empty), BZIP2]);

  it("takes no room for each of them", async () => {
    const startedMs = performance.now();
    expect(await decompressed("bzip2", many)).toEqual(TEXT);
    // With 3.6 MB for each it took minutes.
    expect(performance.now() - startedMs).toBeLessThan(20_000);
  });

  it("can be interrupted between them, and lets the process do other things", async () => {
    const interrupt = new AbortController();
    setImmediate(() => interrupt.abort(new Error("enough")));
    const work = decompressInto([many], {
      compression: "bzip2",
      signal: interrupt.signal,
      take: () => expect.unreachable("it went on to the end"),
    });
    await expect(work).rejects.toThrow("enough");
  });
});

describe.skipIf(!hasProgram("xz"))("xz", () => {
  it.each<[string, string[]]>([
    ["no check", ["--check=none"]],
    ["CRC-32", ["--check=crc32"]],
    ["blocks", ["--block-size=100000"]],
    ["the largest dictionary of the presets", ["-9"]],
    ["threads", ["-T2", "--block-size=65536"]],
  ])("unpacks files with %s", async (_, args) => {
    const data = Buffer.concat([randomBytes(300_000), Buffer.alloc(500_000, "ab"), randomBytes(1000)]);
    expect((await decompressed("xz", compressed("xz", data, ...args))).equals(data)).toBe(true);
  });

  it("takes padding between and behind streams", async () => {
    const data = Buffer.concat([XZ, Buffer.alloc(8), XZ, Buffer.alloc(4)]);
    expect(await decompressed("xz", data)).toEqual(Buffer.concat([TEXT, TEXT]));
  });

  it("says that it lacks a filter", async () => {
    await expect(
      decompressed("xz", compressed("xz", TEXT, "--x86", "--lzma2=preset=1")),
    ).rejects.toMatchObject({
      code: "ARCHIVE_BAD_COMPRESSION",
      message: "the xz data uses a filter or a checksum that is not supported",
    });
  });
});

describe("zstd", () => {
  const skippable = (length: number, kind = 0) => {
    const head = Buffer.alloc(8);
    head.writeUInt32LE(0x184d2a50 + kind, 0);
    head.writeUInt32LE(length, 4);
    return Buffer.concat([head, Buffer.alloc(length, 0xaa)]);
  };

  it("skips what is to be skipped", async () => {
    const data = Buffer.concat([
      skippable(3),
      ZSTD,
      skippable(0, 15),
      skippable(100_000, 7),
      ZSTD,
      skippable(9),
    ]);
    expect(await decompressed("zstd", data)).toEqual(Buffer.concat([TEXT, TEXT]));
    expect(await decompressed("zstd", data, 1000)).toEqual(Buffer.concat([TEXT, TEXT]));
    await expect(
      decompressed("zstd", Buffer.concat([ZSTD, skippable(9).subarray(0, 12)])),
    ).rejects.toMatchObject({
      code: "ARCHIVE_TRUNCATED",
    });
  });

  it("reads frames of every form", async () => {
    const data = Buffer.concat([randomBytes(200_000), Buffer.alloc(400_000), randomBytes(10)]);
    const digest = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");
    for (const checksum of [0, 1]) {
      for (const size of [0, 1]) {
        const params = {
          [zlib.constants.ZSTD_c_checksumFlag]: checksum,
          [zlib.constants.ZSTD_c_contentSizeFlag]: size,
        };
        for (const part of [data, data.subarray(0, 100), data.subarray(0, 300), data.subarray(0, 0)]) {
          const frames = Buffer.concat([zlib.zstdCompressSync(part, { params }), ZSTD]);
          expect(digest(await decompressed("zstd", frames, 999))).toBe(digest(Buffer.concat([part, TEXT])));
        }
      }
    }
  });

  it("refuses what is no frame", async () => {
    await expect(decompressed("zstd", Buffer.concat([ZSTD, Buffer.from("garbage")]))).rejects.toMatchObject({
      code: "ARCHIVE_BAD_COMPRESSION",
    });
  });
});
