import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { createVertex } from "@slipway/ir";
import type { Vertex } from "@slipway/ir";
import { InputError } from "@slipway/oci";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { explainMissing } from "./explain-missing.ts";

let folder: string;

beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), "explain-"));
  fs.writeFileSync(path.join(folder, "there"), "");
});
afterEach(() => fs.rmSync(folder, { recursive: true }));

const context = createVertex({ op: { kind: "source", identifier: "local://context", attrs: {} } });
/** Only the inputs of a step are looked at. */
const step = { inputs: [{ vertex: context, index: 0 }] } as unknown as Vertex;

function hintFor(wanted: string): string | undefined {
  const error = new InputError("FILE_NOT_FOUND", `"${wanted}" not found`, {
    hint: "Check the path.",
    data: { path: wanted },
  });
  const explained = explainMissing(error, step, { context: folder });
  expect(explained).toMatchObject({ message: `"${wanted}" not found in the build context` });
  return (explained as InputError).hint;
}

describe("the hint for a file that is missing in the context", () => {
  test("names .dockerignore only when the file is really there", () => {
    fs.symlinkSync("there", path.join(folder, "good"));
    expect(hintFor("/there")).toContain(".dockerignore");
    expect(hintFor("/good")).toContain(".dockerignore");
    expect(hintFor("/there/below")).toBe("Check the path.");
    expect(hintFor("/THERE")).toContain('"/there"');
  });

  test("names the symlink that leads to nothing within the context", () => {
    fs.symlinkSync("nowhere", path.join(folder, "dangling"));
    fs.symlinkSync("/etc/passwd", path.join(folder, "absolute"));
    fs.symlinkSync("../../../../etc", path.join(folder, "escaping"));
    expect(hintFor("/dangling")).toContain('"/dangling" is a symbolic link to "nowhere"');
    expect(hintFor("/absolute")).toContain('"/absolute" is a symbolic link to "/etc/passwd"');
    expect(hintFor("/escaping/passwd")).toContain('"/escaping" is a symbolic link');
  });
});
