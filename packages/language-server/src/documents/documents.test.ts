import fc from "fast-check";
import { PositionEncodingKind } from "vscode-languageserver";
import { describe, expect, test } from "vitest";
import { createLanguageTools } from "../analysis/language-tools.ts";
import { DockerfileDocument } from "./dockerfile-document.ts";
import { LineIndex } from "./line-index.ts";
import { negotiateEncoding } from "./position-encoding.ts";

const tools = createLanguageTools();
const KINDS = [PositionEncodingKind.UTF8, PositionEncodingKind.UTF16, PositionEncodingKind.UTF32];

function documentOf(text: string, kind: PositionEncodingKind): DockerfileDocument {
  return new DockerfileDocument(
    { uri: "file:///Dockerfile", version: 1, text },
    { encoding: negotiateEncoding([kind]), tools },
  );
}

const texts = fc
  .array(fc.constantFrom("a", "é", "€", "😀", "\n", "\r\n", "\r", " ", "FROM x"), { maxLength: 30 })
  .map((parts) => parts.join(""));

describe.each(KINDS)("positions in %s", (kind) => {
  test("an offset is the offset of its position, unless it is within a character or line end", () => {
    fc.assert(
      fc.property(texts, fc.nat({ max: 100 }), (text, at) => {
        const offset = Math.min(at, text.length);
        const document = documentOf(text, kind);
        const code = text.charCodeAt(offset);
        const isInside =
          (code >= 0xdc00 && code < 0xe000) || (text[offset] === "\n" && text[offset - 1] === "\r");
        fc.pre(!isInside);
        expect(document.offsetAt(document.positionAt(offset))).toBe(offset);
      }),
    );
  });

  test("incremental changes make the text that splicing makes", () => {
    fc.assert(
      fc.property(
        texts,
        fc.array(fc.tuple(fc.nat(100), fc.nat(5), texts), { maxLength: 4 }),
        (text, edits) => {
          let expected = text;
          let document = documentOf(text, kind);
          const changes = edits.map(([at, length, replacement]) => {
            // Positions have no place within characters, nor between the two of a line end.
            const places = documentOf(expected, kind);
            const range = places.range({
              start: places.offsetAt(places.positionAt(Math.min(at, expected.length))),
              end: places.offsetAt(places.positionAt(Math.min(at + length, expected.length))),
            });
            const span = places.span(range);
            expected = expected.slice(0, span.start) + replacement + expected.slice(span.end);
            return { range, text: replacement };
          });
          document = document.changed(changes, 2);
          expect(document.text).toBe(expected);
          expect(document.version).toBe(2);
        },
      ),
    );
  });
});

test("places outside of the text are moved into it", () => {
  const document = documentOf("FROM a\nRUN b\n", PositionEncodingKind.UTF16);
  expect(document.offsetAt({ line: 0, character: 999 })).toBe(6);
  expect(document.offsetAt({ line: 999, character: 0 })).toBe(13);
  expect(document.offsetAt({ line: -1, character: 5 })).toBe(0);
  expect(document.offsetAt({ line: 1, character: -5 })).toBe(7);
  expect(document.offsetAt({ line: Number.NaN, character: Number.NaN })).toBe(0);
});

test("a byte-order mark is a character of the client's, and none of ours", () => {
  const document = documentOf("\uFEFFFROM a\nRUN b\n", PositionEncodingKind.UTF8);
  expect(document.text).toBe("FROM a\nRUN b\n");
  expect(document.positionAt(5)).toEqual({ line: 0, character: 8 });
  expect(document.offsetAt({ line: 0, character: 8 })).toBe(5);
  expect(document.offsetAt({ line: 0, character: 0 })).toBe(0);
  expect(document.positionAt(7)).toEqual({ line: 1, character: 0 });
});

test("lines end at LF, CRLF and a lone CR", () => {
  const index = new LineIndex("a\nb\r\nc\rd");
  expect([0, 1, 2, 3, 4].map((line) => index.startOf(line))).toEqual([0, 2, 5, 7, 8]);
  expect([0, 1, 2, 3].map((line) => index.endOf(line))).toEqual([1, 3, 6, 8]);
  expect(index.lineCount).toBe(4);
});

test("the first encoding of the client that there is counts; without a list it is UTF-16", () => {
  expect(negotiateEncoding(["utf-7", "utf-8", "utf-16"] as PositionEncodingKind[]).kind).toBe("utf-8");
  expect(negotiateEncoding(["utf-16", "utf-8"]).kind).toBe("utf-16");
  expect(negotiateEncoding([]).kind).toBe("utf-16");
  expect(negotiateEncoding(undefined).kind).toBe("utf-16");
});
