import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeText } from "./decode-text.ts";

const latin1 = (text: string): Uint8Array => Buffer.from(text, "latin1");

/** Mostly the bytes at which decoding turns. */
const byte = fc.oneof(
  fc.constantFrom(
    0x00,
    0x41,
    0x7f,
    0x80,
    0x8f,
    0x90,
    0x9f,
    0xa0,
    0xbb,
    0xbf,
    0xc0,
    0xc2,
    0xdf,
    0xe0,
    0xe2,
    0xed,
  ),
  fc.constantFrom(0xef, 0xf0, 0xf4, 0xf5, 0xff),
  fc.integer({ min: 0, max: 255 }),
);
const bytes = fc.array(byte, { maxLength: 24 }).map((list) => Uint8Array.from(list));

test("what a range was in the file is known byte for byte", () => {
  fc.assert(
    fc.property(bytes, (file) => {
      const { text, wrong } = decodeText(file);
      const own = text.startsWith("\uFEFF") ? text.slice(1) : text;
      const mark = own.length === text.length ? 0 : 3;
      const expected = Buffer.from(file).subarray(mark);
      const found = wrong?.bytes({ start: 0, end: own.length }) ?? Buffer.from(own);
      expect(Buffer.from(found).equals(expected)).toBe(true);
    }),
    { numRuns: 2000 },
  );
});

test("ranges that lie side by side are together what is around both", () => {
  fc.assert(
    fc.property(bytes, fc.nat(24), (file, at) => {
      const { text, wrong } = decodeText(Buffer.concat([latin1("a\xff"), file]));
      // A pair of surrogates has no half.
      fc.pre(wrong !== undefined && !/[\uDC00-\uDFFF]/.test(text[at] ?? ""));
      const halves = [wrong.bytes({ start: 0, end: at }), wrong.bytes({ start: at, end: text.length })];
      expect(Buffer.concat(halves)).toEqual(wrong.bytes({ start: 0, end: text.length }));
    }),
    { numRuns: 500 },
  );
});

test.each<[string, string]>([
  ["a\xff\xfeb", "a\uFFFD\uFFFDb"],
  ["\xe2\x82", "\uFFFD\uFFFD"],
  ["\xf0\x9f\x98x", "\uFFFD\uFFFD\uFFFDx"],
  ["\xed\xa0\x80", "\uFFFD\uFFFD\uFFFD"],
  ["\xc0\x80", "\uFFFD\uFFFD"],
  ["\xf4\x90\x80\x80", "\uFFFD\uFFFD\uFFFD\uFFFD"],
  ["\xe2\x82\xac\xff\xf0\x9f\x98\x80", "\u20AC\uFFFD\u{1F600}"],
])("%j has one U+FFFD for each byte that is part of no character", (written, text) => {
  expect(decodeText(latin1(written)).text).toBe(text);
});

test("U+FFFD itself is a character like others", () => {
  expect(decodeText(Buffer.from("\uFFFD"))).toEqual({ text: "\uFFFD" });
  const { wrong } = decodeText(Buffer.concat([Buffer.from("\uFFFD"), latin1("\xff")]));
  expect(wrong?.within({ start: 0, end: 2 })).toEqual([1]);
});
