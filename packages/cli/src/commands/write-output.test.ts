import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { writeFileAtomically } from "./write-output.ts";

let folder: string;

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "write-output-"));
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

test("a file replaces the one before it and leaves nothing beside it", () => {
  const file = path.join(folder, "iid");
  writeFileAtomically(file, "one");
  writeFileAtomically(file, "two");
  expect(fs.readFileSync(file, "utf8")).toBe("two");
  expect(fs.readdirSync(folder)).toEqual(["iid"]);
});

test("a missing folder, or a folder of that name, is told with the file's name and what to do", () => {
  fs.mkdirSync(path.join(folder, "here"));
  for (const [name, reason] of [
    ["missing/iid", "its folder does not exist"],
    ["here", "it is a folder"],
  ] as const) {
    const file = path.join(folder, name);
    expect(() => writeFileAtomically(file, "x")).toThrow(
      expect.objectContaining({
        code: "OUTPUT_FILE",
        message: `can't write ${file}: ${reason}`,
        hint: expect.stringContaining("folder"),
      }),
    );
  }
  expect(fs.readdirSync(folder)).toEqual(["here"]);
});
