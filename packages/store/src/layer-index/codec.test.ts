import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { sha256 } from "@slipway/oci";
import type { LayerId } from "@slipway/engine-sdk";
import { decodeIndex, encodeIndex, indexDigest } from "./codec.ts";
import { comparePaths, type ContentSource, type Entry, type FileEntry, type LayerIndex } from "./entry.ts";
import type { BytePath } from "./byte-path.ts";

const name = fc.string({
  unit: fc
    .integer({ min: 1, max: 255 })
    .filter((byte) => byte !== 0x2f)
    .map((byte) => String.fromCharCode(byte)),
  minLength: 1,
  maxLength: 12,
});
const bytes = fc.uint8Array({ maxLength: 40 });
const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => names.join("/") as BytePath);
const metadata = fc.record(
  {
    mode: fc.integer({ min: 0, max: 0o7777 }),
    uid: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    gid: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    mtimeNs: fc.bigInt({ min: -(2n ** 62n), max: 2n ** 62n }),
    xattrs: fc
      .dictionary(name, bytes, { minKeys: 1, maxKeys: 3 })
      .map((all) => new Map(Object.entries(all).sort(([a], [b]) => (a < b ? -1 : 1)))),
  },
  { requiredKeys: ["mode", "uid", "gid", "mtimeNs"] },
);
const content: fc.Arbitrary<ContentSource> = fc.oneof(
  fc.constant({ kind: "tree" } as const),
  fc.record({ kind: fc.constant("bytes" as const), data: bytes }),
  fc.record({
    kind: fc.constant("layer" as const),
    layer: fc.constantFrom("x-1" as LayerId, "d-2" as LayerId),
    path,
  }),
);
const device = fc.record({
  major: fc.integer({ min: 0, max: 4095 }),
  minor: fc.integer({ min: 0, max: 2 ** 20 - 1 }),
});
const digest = bytes.map((data) => sha256(data));
const entry: fc.Arbitrary<Entry> = fc.oneof(
  fc.tuple(path, metadata, fc.maxSafeNat(), content).map(([path, meta, sizeBytes, content]) => ({
    kind: "file" as const,
    path,
    ...meta,
    sizeBytes,
    content,
  })),
  fc.tuple(path, metadata, digest, content).map(([path, meta, digest, content]) => ({
    kind: "file" as const,
    path,
    ...meta,
    sizeBytes: 1,
    digest,
    content,
  })),
  fc.tuple(path, metadata).map(([path, meta]) => ({ kind: "dir" as const, path, ...meta })),
  fc.tuple(path, metadata).map(([path, meta]) => ({ kind: "dir" as const, path, ...meta, opaque: true })),
  fc
    .tuple(path, metadata, path)
    .map(([path, meta, target]) => ({ kind: "symlink" as const, path, ...meta, target })),
  fc.tuple(path, path).map(([path, target]) => ({ kind: "hardlink" as const, path, target })),
  fc
    .tuple(fc.constantFrom("char" as const, "block" as const), path, metadata, device)
    .map(([kind, path, meta, device]) => ({ kind, path, ...meta, ...device })),
  fc.tuple(path, metadata).map(([path, meta]) => ({ kind: "fifo" as const, path, ...meta })),
  path.map((path) => ({ kind: "whiteout" as const, path })),
);
const index: fc.Arbitrary<LayerIndex> = fc
  .uniqueArray(entry, { selector: ({ path }) => path, maxLength: 30 })
  .map((entries) => ({ entries: entries.sort((a, b) => comparePaths(a.path, b.path)) }));

describe("the index codec", () => {
  test("gives back what it was given", () => {
    fc.assert(
      fc.property(index, (given) => {
        expect(decodeIndex(Buffer.from(encodeIndex(given)))).toEqual(given);
      }),
    );
  });

  test("takes any damaged byte for damage", () => {
    fc.assert(
      fc.property(index, fc.nat(), fc.integer({ min: 1, max: 255 }), (given, at, flip) => {
        const encoded = Buffer.from(encodeIndex(given));
        encoded[at % encoded.length]! ^= flip;
        expect(decodeIndex(encoded)).toBeUndefined();
      }),
    );
  });

  test("adds digests that were learned later", () => {
    const file: FileEntry = {
      kind: "file",
      path: "a" as BytePath,
      mode: 0,
      uid: 0,
      gid: 0,
      mtimeNs: 0n,
      sizeBytes: 1,
      content: { kind: "tree" },
    };
    const decoded = decodeIndex(encodeIndex({ entries: [file] }, new Map([["a", sha256("x")]])));
    expect(decoded?.entries[0]).toEqual({ ...file, digest: sha256("x") });
  });

  test("keeps 50,000 entries in a few megabytes and reads them within a blink", () => {
    const entries: Entry[] = Array.from({ length: 50_000 }, (_, i) => ({
      kind: "file",
      path: `node_modules/package-${String(Math.floor(i / 20)).padStart(5, "0")}/file-${i % 20}.js` as BytePath,
      mode: 0o644,
      uid: 0,
      gid: 0,
      mtimeNs: 1_700_000_000_000_000_000n + BigInt(i),
      sizeBytes: i,
      digest: sha256(String(i)),
      content: { kind: "tree" },
    }));
    const encoded = Buffer.from(encodeIndex({ entries }));
    expect(encoded.length).toBeLessThan(4_000_000);
    expect(decodeIndex(encoded)?.entries).toHaveLength(50_000);
  });
});

describe("the digest of an index", () => {
  const withDigests = (given: LayerIndex): LayerIndex => ({
    entries: given.entries.map((one) =>
      one.kind === "file" ? { ...one, digest: one.digest ?? sha256(one.path) } : one,
    ),
  });

  test("does not depend on where content lies", () => {
    fc.assert(
      fc.property(index, content, (given, elsewhere) => {
        const one = withDigests(given);
        const other = {
          entries: one.entries.map((each) => (each.kind === "file" ? { ...each, content: elsewhere } : each)),
        };
        expect(indexDigest(other)).toBe(indexDigest(one));
      }),
    );
  });

  test("depends on everything else", () => {
    fc.assert(
      fc.property(index, index, (a, b) => {
        const [one, other] = [withDigests(a), withDigests(b)];
        const bare = ({ entries }: LayerIndex) => entries.map((each) => ({ ...each, content: undefined }));
        const same = Buffer.from(encodeIndex(one)).equals(Buffer.from(encodeIndex(other)));
        if (!same) {
          try {
            expect(bare(one)).toEqual(bare(other));
          } catch {
            expect(indexDigest(one)).not.toBe(indexDigest(other));
          }
        }
      }),
    );
  });

  test("is the same from release to release", () => {
    const entries: Entry[] = [
      { kind: "dir", path: "a" as BytePath, mode: 0o755, uid: 1, gid: 2, mtimeNs: 3n, opaque: true },
      { kind: "symlink", path: "a/l" as BytePath, mode: 0o777, uid: 0, gid: 0, mtimeNs: -1n, target: "../x" },
      { kind: "whiteout", path: "b" as BytePath },
    ];
    expect(indexDigest({ entries })).toMatchInlineSnapshot(
      `"sha256:14ecc0228713e1c9f8defc74c5ac016721350f43694cce1761ca290dca961958"`,
    );
  });
});
