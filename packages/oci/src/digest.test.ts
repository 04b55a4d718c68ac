import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { createDigester, sha256 } from "./digest.ts";
import { randomName } from "./random-name.ts";
import { shortSha256 } from "./short-sha256.ts";

const oracle = (data: Uint8Array | string): string => createHash("sha256").update(data).digest("hex");

test("our SHA-256 is Node's, for every length around the blocks' borders", () => {
  for (let length = 0; length < 300; length++) {
    const data = new Uint8Array(length).fill(length);
    expect(shortSha256(data), `${length} bytes`).toBe(oracle(data));
  }
});

test("our SHA-256 is Node's, for any bytes", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 5000 }),
      (data) => void expect(shortSha256(data)).toBe(oracle(data)),
    ),
    { numRuns: 200 },
  );
});

test("a digest is that of the UTF-8 form, of the first short text and of all that follow", () => {
  for (let round = 0; round < 200; round++) {
    const text = "ü€😀\ud800 ".repeat(round);
    expect(sha256(text)).toBe(`sha256:${oracle(text)}`);
    expect(sha256(Buffer.from(text))).toBe(`sha256:${oracle(text)}`);
    expect(createDigester().update(text).update("").digest()).toBe(`sha256:${oracle(text)}`);
  }
});

test("random names have the length asked for, and differ", () => {
  const names = Array.from({ length: 1000 }, () => randomName(12));
  expect(names.filter((name) => !/^[0-9a-f]{12}$/.test(name))).toEqual([]);
  expect(new Set(names).size).toBe(1000);
});
