import { expect, test } from "vitest";
import { parseCount, parseDurationMs, parseSizeBytes } from "./quantities.ts";

test.each([
  ["90s", 90_000],
  ["24h", 86_400_000],
  ["1h30m", 5_400_000],
  ["1.5h", 5_400_000],
  ["250ms", 250],
  ["7d", 604_800_000],
])("%s is a duration", (text, ms) => {
  expect(parseDurationMs(text, "--filter")).toBe(ms);
});

test.each(["", "24", "h", "1x", "1h ", "-1h"])('"%s" is no duration', (text) => {
  expect(() => parseDurationMs(text, "--filter")).toThrow(expect.objectContaining({ code: "USAGE" }));
});

test.each([
  ["0", 0],
  ["512", 512],
  ["1kb", 1024],
  ["10GB", 10 * 1024 ** 3],
  ["1.5GiB", 1.5 * 1024 ** 3],
  ["2m", 2 * 1024 ** 2],
])("%s is a size", (text, bytes) => {
  expect(parseSizeBytes(text, "--keep-storage")).toBe(bytes);
});

test.each(["", "GB", "1x", "-1", "1ib", "1 2"])('"%s" is no size', (text) => {
  expect(() => parseSizeBytes(text, "--keep-storage")).toThrow(expect.objectContaining({ code: "USAGE" }));
});

test("a count has a minimum and is whole", () => {
  expect(parseCount("4", "--max-parallelism", 1)).toBe(4);
  for (const text of ["0", "-1", "1.5", "x", ""])
    expect(() => parseCount(text, "--max-parallelism", 1)).toThrow();
});
