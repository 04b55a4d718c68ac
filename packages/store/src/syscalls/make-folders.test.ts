import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { makeFolders } from "./make-folders.ts";

let root: string;
beforeEach(() => (root = fs.mkdtempSync(path.join(os.tmpdir(), "folders-"))));
afterEach(() => fs.rmSync(root, { recursive: true }));

describe("makeFolders", () => {
  test("makes what is missing and minds what is there not", () => {
    makeFolders(path.join(root, "a/b/c"), 0o700);
    makeFolders(path.join(root, "a/b/c"), 0o700);
    expect(fs.statSync(path.join(root, "a/b/c")).isDirectory()).toBe(true);
  });

  test("follows a link to a folder", () => {
    fs.mkdirSync(path.join(root, "real"));
    fs.symlinkSync("real", path.join(root, "link"));
    makeFolders(path.join(root, "link"), 0o700);
    makeFolders(path.join(root, "link/in"), 0o700);
    expect(fs.existsSync(path.join(root, "real/in"))).toBe(true);
  });

  test.each(["/proc/slipway", "/proc/slipway/deep/er"])("gives up where no folder can be: %s", (folder) => {
    expect(() => makeFolders(folder, 0o700)).toThrow(/ENOENT/);
  });

  test("says that a file is in the way", () => {
    fs.writeFileSync(path.join(root, "file"), "");
    expect(() => makeFolders(path.join(root, "file"), 0o700)).toThrow(/EEXIST/);
    expect(() => makeFolders(path.join(root, "file/in"), 0o700)).toThrow(/ENOTDIR/);
  });
});
