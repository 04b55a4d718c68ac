import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkSparseMap, parseSparseList, SparseExpander, SparseMapReader } from "./sparse.ts";

/** Pieces as lengths of hole and data, in turn. */
const PIECES = fc.array(fc.tuple(fc.nat(2000), fc.nat(2000)), { maxLength: 20 });

describe("a sparse file", () => {
  it("has its pieces where the map says, and zeros elsewhere, however the data comes", () => {
    fc.assert(
      fc.property(PIECES, fc.nat(3000), fc.integer({ min: 1, max: 5000 }), (pieces, tail, step) => {
        const numbers: number[] = [];
        const wanted: Buffer[] = [];
        const stored: Buffer[] = [];
        let end = 0;
        for (const [i, [hole, length]] of pieces.entries()) {
          const data = Buffer.alloc(length, i + 1);
          numbers.push(end + hole, length);
          wanted.push(Buffer.alloc(hole), data);
          stored.push(data);
          end += hole + length;
        }
        const map = checkSparseMap(numbers, end + tail, "f");
        const out: Buffer[] = [];
        const expander = new SparseExpander(map, end + tail, (chunk) => void out.push(Buffer.from(chunk)));
        const data = Buffer.concat(stored);
        expect(expander.dataBytes).toBe(data.length);
        for (let at = 0; at < data.length; at += step) expander.push(data.subarray(at, at + step));
        expander.end();
        expect(Buffer.concat(out).equals(Buffer.concat([...wanted, Buffer.alloc(tail)]))).toBe(true);
      }),
    );
  });

  it.each<[string, number[], number]>([
    ["overlaps", [0, 10, 5, 10], 100],
    ["goes backwards", [50, 10, 0, 10], 100],
    ["goes beyond the end", [95, 10], 100],
    ["is half a pair", [0], 100],
    ["is of a file that is absurdly large", [], 2 ** 50],
  ])("is refused when its map %s", (_, numbers, fileBytes) => {
    expect(() => checkSparseMap(numbers, fileBytes, "f")).toThrow(
      expect.objectContaining({ code: "ARCHIVE_BAD_HEADER" }) as Error,
    );
  });

  it.each(["1,x", "-1,2", "1,,2", "99999999999999999,1"])("is refused with the list %s", (list) => {
    expect(() => parseSparseList(list, "f")).toThrow(
      expect.objectContaining({ code: "ARCHIVE_BAD_HEADER" }) as Error,
    );
  });

  it("has a map in the blocks before the data", () => {
    const numbers = Array.from({ length: 200 }, (_, i) => i * 1000);
    const text = Buffer.from(`100\n${numbers.join("\n")}\n`);
    const blocks = Math.ceil(text.length / 512);
    const padded = Buffer.concat([text, Buffer.alloc(blocks * 512 - text.length)]);
    const reader = new SparseMapReader("f");
    for (let i = 0; i < blocks - 1; i++)
      expect(reader.push(padded.subarray(i * 512, i * 512 + 512))).toBeUndefined();
    expect(reader.push(padded.subarray(-512))).toEqual(numbers);
  });

  it("cannot have a map without an end", () => {
    const reader = new SparseMapReader("f");
    expect(() => {
      for (let i = 0; i < 10_000; i++) reader.push(Buffer.from(`9999999\n`.padEnd(512, "1\n")));
    }).toThrow(expect.objectContaining({ code: "ARCHIVE_BAD_HEADER" }) as Error);
  });
});
