import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { checkDestinations } from "./check-destinations.ts";

let cwd: string;
beforeEach(() => {
  cwd = fs.mkdtempSync(path.join(os.tmpdir(), "dest-"));
  fs.mkdirSync(path.join(cwd, "out"));
});
afterEach(() => fs.rmSync(cwd, { recursive: true }));

const output = (type: string, dest: string, more: Record<string, string> = {}) => ({
  type,
  attrs: { dest, ...more },
});

describe("checkDestinations", () => {
  test.each([
    ["a file in a folder that is there", [output("oci", "out/a.tar"), output("tar", "b.tar")]],
    ["folders, which are made", [output("local", "new/deep"), output("oci", "new/layout", { tar: "false" })]],
    ["stdout", [output("tar", "-")]],
    ["no destination", [{ type: "image", attrs: {} }]],
  ])("takes %s", (_, exports) => {
    expect(() => checkDestinations(exports, cwd)).not.toThrow();
  });

  test("a folder that is not there is an error before the build", () => {
    expect(() => checkDestinations([output("oci", "none/a.tar")], cwd)).toThrow(
      "the folder none does not exist",
    );
  });

  test("two outputs to one place are an error, however they are written", () => {
    expect(() => checkDestinations([output("oci", "out/a"), output("tar", "./out/../out/a")], cwd)).toThrow(
      "both go to",
    );
  });
});
