import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { defineFrontend, type Frontend } from "@slipway/frontend-sdk";
import type { BuildRequest } from "../contracts.ts";
import { chooseFrontend } from "./choose-frontend.ts";

const make = (name: string, fileNames: string[], syntaxImages?: string[]): Frontend =>
  defineFrontend({ name, fileNames, syntaxImages, build: () => Promise.resolve({ outputs: [] }) });
const first = make("first.v0", ["First"], ["acme/first"]);
const second = make("second.v0", ["second.yaml"]);

let folder: string;
beforeEach(() => (folder = fs.mkdtempSync(path.join(os.tmpdir(), "choose-"))));
afterEach(() => fs.rmSync(folder, { recursive: true }));

function choose(file: { name: string; text: string }, more: Partial<BuildRequest> = {}): string {
  fs.writeFileSync(path.join(folder, file.name), file.text);
  const request: BuildRequest = {
    options: { filename: file.name },
    platforms: [],
    localDirs: { dockerfile: folder },
    exports: [],
    cwd: folder,
    stdout: process.stdout,
    ...more,
  };
  return chooseFrontend(request, [first, second]).name;
}

describe("the frontend of a build", () => {
  test("is what the request says, whatever the file says", () => {
    expect(choose({ name: "First", text: "# syntax=acme/first" }, { frontend: "second.v0" })).toBe(
      "second.v0",
    );
  });

  test.each([
    ["# syntax=acme/first:1.2", "first.v0"],
    ["#syntax = docker.io/acme/first@sha256:" + "0".repeat(64), "first.v0"],
    ["// syntax=second.v0", "second.v0"],
    ["#!/usr/bin/env x\n# escape=`\n# Syntax=acme/first", "first.v0"],
    ["\uFEFF# check=skip=all\r\n# syntax=second.v0 further words\r\n", "second.v0"],
    ["#!x\n// syntax=second.v0", "second.v0"],
    ['{\n "a": 1,\n "syntax": "second.v0"\n}', "second.v0"],
    [`#!x\n{"long": "${"x".repeat(10_000)}", "syntax": "second.v0 x"}`, "second.v0"],
  ])("is what the syntax line %j says", (text, name) => {
    expect(choose({ name: "other", text })).toBe(name);
  });

  test.each([
    "\n# syntax=second.v0",
    "# a comment\n# syntax=second.v0",
    "FROM x\n# syntax=second.v0",
    "# foo=bar\n# syntax=second.v0",
    "# escape=`\n// syntax=second.v0",
    "  # syntax=second.v0",
    "#!x\n\n# syntax=second.v0",
    '{"syntax": "second.v0"}\nFROM x',
    '{"Syntax": "second.v0"}',
    '{"syntax": 1}',
    "{",
  ])("is not what a later comment says: %j", (text) => {
    expect(choose({ name: "other", text })).toBe("first.v0");
  });

  test.each([
    ["second.yaml", "second.v0"],
    ["app.second.yaml", "second.v0"],
    ["First.dev", "first.v0"],
    ["whatever", "first.v0"],
  ])("follows from the file's name %s", (name, frontend) => {
    expect(choose({ name, text: "" })).toBe(frontend);
  });

  test("that nobody has is an error that lists what there is", () => {
    expect(() => choose({ name: "x", text: "" }, { frontend: "third" })).toThrow(
      expect.objectContaining({
        code: "FRONTEND_UNKNOWN",
        hint: expect.stringContaining("second.v0") as string,
      }),
    );
    expect(() => choose({ name: "x", text: "# syntax=evil/frontend" })).toThrow(
      expect.objectContaining({ code: "SYNTAX_UNSUPPORTED" }),
    );
  });
});
