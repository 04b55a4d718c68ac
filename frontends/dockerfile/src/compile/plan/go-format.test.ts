import { expect, test } from "vitest";
import { goQuote, goQuoteList } from "./go-format.ts";

test.each([
  ["plain ü € 😀", '"plain ü € 😀"'],
  ['a"b\\c', '"a\\"b\\\\c"'],
  ["\n\t\r\u0007\b\f\v", '"\\n\\t\\r\\a\\b\\f\\v"'],
  ["\u0001\u007f", '"\\x01\\x7f"'],
  ["\u2028\u00a0\u{e0001}", '"\\u2028\\u00a0\\U000e0001"'],
])("%j is quoted as Go's %%q does", (text, quoted) => {
  expect(goQuote(text)).toBe(quoted);
});

test("lists are in brackets, without commas", () => {
  expect(goQuoteList(["a", "b c"])).toBe('["a" "b c"]');
});
