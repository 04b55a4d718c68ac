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
    ["+w", 0o444, false, 0o666],
    ["u=rwX,go=rX", 0o600, true, 0o755],
    ["u=rwX,go=rX", 0o600, false, 0o644],
    ["g=u", 0o750, false, 0o770],
    ["u+s,+t", 0o755, false, 0o5755],
    ["u+x-w", 0o600, false, 0o500],
    // What follows is as BuildKit does it, and not as GNU's chmod.
    ["a=", 0o7777, false, 0o1000],
    ["u=rwX,go=rX", 0o1777, true, 0o1755],
    ["u=rwx,u=rX", 0o644, false, 0o444],
    ["-X", 0o6755, false, 0o6644],
    ["-X", 0o644, false, 0o644],
    ["-X", 0o644, true, 0o644],
    ["g=u", 0o6755, false, 0o6775],
    ["a=u", 0o6755, false, 0o6777],
    ["u+t", 0o644, false, 0o1644],
    ["o+t", 0o644, false, 0o644],
    ["o+s", 0o644, false, 0o644],
    ["=t", 0o644, false, 0o1644],
    ["=rwxst", 0o644, false, 0o1644],
    ["u=gr", 0o670, false, 0o470],
    ["u=rg", 0o670, false, 0o770],
    ["u++x", 0o644, false, 0o744],
    ["u+", 0o644, false, 0o644],
    ["a+gw", 0o050, false, 0o777],
  ])("%s on %o", (text, mode, isDir, expected) => {
    expect(parseMode(text)(mode, isDir).toString(8)).toBe(expected.toString(8));
  });

  it.each(["", "999", "rwx", "u+q", "u+x,", "77777", "u"])("refuses %j", (text) => {
    expect(() => parseMode(text)).toThrow(expect.objectContaining({ code: "MODE_INVALID" }) as Error);
  });

  it.skipIf(!hasProgram("chmod"))("does what chmod does with permissions", () => {
    using folder = temporaryFolder();
    const target = path.join(folder.path, "f");
    fs.writeFileSync(target, "");
    const clause = fc
      .tuple(
        fc.constantFrom("u", "g", "o", "a", "ug", "go"),
        fc.constantFrom("+", "-", "="),
        fc.constantFrom("r", "w", "x", "rw", "rx", "u", "g", "o", ""),
      )
      .map((parts) => parts.join(""));
    fc.assert(
      fc.property(
        fc.array(clause, { minLength: 1, maxLength: 3 }),
        fc.integer({ min: 0, max: 0o777 }),
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
