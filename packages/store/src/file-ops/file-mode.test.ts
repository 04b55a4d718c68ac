import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { hasProgram, temporaryFolder } from "../archive/archive.test.helper.ts";
import { parseMode } from "./file-mode.ts";

describe("parseMode", () => {
  it.each<[string, number, boolean, number]>([
    ["755", 0o600, false, 0o755],
    ["04755", 0, false, 0o4755],
    ["u+x", 0o644, false, 0o744],
    ["go-rwx", 0o777, true, 0o700],
    ["a=r", 0o777, false, 0o444],
    ["+w", 0o444, false, 0o644],
    ["u=rwX,go=rX", 0o600, true, 0o755],
    ["u=rwX,go=rX", 0o600, false, 0o644],
    ["g=u", 0o750, false, 0o770],
    ["u+s,+t", 0o755, false, 0o5755],
    ["u+x-w", 0o600, false, 0o500],
  ])("%s on %o", (text, mode, isDir, expected) => {
    expect(parseMode(text)(mode, isDir).toString(8)).toBe(expected.toString(8));
  });

  it.each(["", "999", "rwx", "u+q", "u+x,", "77777", "u"])("refuses %j", (text) => {
    expect(() => parseMode(text)).toThrow(expect.objectContaining({ code: "MODE_INVALID" }) as Error);
  });

  it.skipIf(!hasProgram("chmod"))("does what chmod does", () => {
    using folder = temporaryFolder();
    const target = path.join(folder.path, "f");
    fs.writeFileSync(target, "");
    const clause = fc
      .tuple(
        fc.constantFrom("u", "g", "o", "a", "ug", "go"),
        fc.constantFrom("+", "-", "="),
        fc.constantFrom("r", "w", "x", "X", "rw", "rx", "s", "t", "u", "g", "o", ""),
      )
      .map((parts) => parts.join(""));
    fc.assert(
      fc.property(
        fc.array(clause, { minLength: 1, maxLength: 3 }),
        fc.integer({ min: 0, max: 0o7777 }),
        (clauses, mode) => {
          fs.chmodSync(target, mode);
          execFileSync("chmod", ["--", clauses.join(","), target]);
          expect(parseMode(clauses.join(","))(mode, false).toString(8)).toBe(
            (fs.statSync(target).mode & 0o7777).toString(8),
          );
        },
      ),
      { numRuns: 60 },
    );
  });
});
