import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { followPaths, foldersOfWildcards } from "./follow-paths.ts";

let root: string;

beforeEach(() => {
  root = fs.mkdtempSync(path.join(os.tmpdir(), "follow-"));
  fs.mkdirSync(path.join(root, "real/deep"), { recursive: true });
  fs.writeFileSync(path.join(root, "real/deep/file.txt"), "");
  fs.writeFileSync(path.join(root, "a.json"), "");
  fs.writeFileSync(path.join(root, "b.json"), "");
});
afterEach(() => fs.rmSync(root, { recursive: true }));

describe("followPaths", () => {
  test("plain paths are themselves, cleaned", () => {
    expect(followPaths(root, ["/real//deep/", "./a.json"])).toEqual(["a.json", "real/deep"]);
  });

  test("wanting the root is wanting everything", () => {
    expect(followPaths(root, ["a.json", "."])).toBeUndefined();
    expect(followPaths(root, ["/"])).toBeUndefined();
  });

  test("a link to the root is wanting everything", () => {
    fs.symlinkSync(".", path.join(root, "all"));
    fs.symlinkSync("../..", path.join(root, "real/up"));
    expect(followPaths(root, ["all"])).toBeUndefined();
    expect(followPaths(root, ["a.json", "real/up"])).toBeUndefined();
    expect(followPaths(root, ["all/a.json"])).toEqual(["a.json", "all"]);
  });

  test("a link on the way brings itself and what it points at", () => {
    fs.symlinkSync("real", path.join(root, "link"));
    expect(followPaths(root, ["link/deep/file.txt"])).toEqual(["link", "real/deep/file.txt"]);
  });

  test("an absolute link starts at the folder's own root, and no link leads out of it", () => {
    fs.symlinkSync("/real/deep", path.join(root, "absolute"));
    fs.symlinkSync("../../../etc", path.join(root, "outside"));
    expect(followPaths(root, ["absolute"])).toEqual(["absolute", "real/deep"]);
    expect(followPaths(root, ["outside/passwd"])).toEqual(["etc/passwd", "outside"]);
  });

  test("links in a circle end", () => {
    fs.symlinkSync("two", path.join(root, "one"));
    fs.symlinkSync("one", path.join(root, "two"));
    expect(followPaths(root, ["one"])).toEqual(["one", "two"]);
  });

  test("wildcards find links, and stay when nothing matches yet", () => {
    fs.symlinkSync("real/deep/file.txt", path.join(root, "c.json"));
    expect(followPaths(root, ["*.json"])).toEqual([
      "*.json",
      "a.json",
      "b.json",
      "c.json",
      "real/deep/file.txt",
    ]);
    expect(followPaths(root, ["*.none"])).toEqual(["*.none"]);
  });

  test("names on disk that look like patterns are taken literally", () => {
    fs.writeFileSync(path.join(root, "[x].json"), "");
    expect(followPaths(root, ["*x*.json"])).toEqual(["*x*.json", "\\[x].json"]);
  });
});

describe("foldersOfWildcards", () => {
  test("are those above the first wildcard, as they are called on disk", () => {
    expect([...foldersOfWildcards(["a/b/*.txt", "plain/path", "\\[x]/*", "*/c"])]).toEqual([
      "a",
      "a/b",
      "[x]",
    ]);
  });
});
