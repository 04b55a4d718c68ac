import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { TestClient, textIn } from "../lsp-client.test.support.ts";

let client: TestClient;
beforeAll(async () => void (client = await TestClient.start()));
afterAll(() => client.stop());

/** Code, severity and text of each diagnostic. */
async function diagnose(text: string) {
  const uri = await client.open(text);
  const found = await client.diagnostics(uri);
  return found.map(({ code, severity, range }) => [code, severity, textIn(text, range)]);
}

test("a good file has none", async () => {
  expect(await diagnose("FROM alpine:3.22 AS build\nUSER app\nWORKDIR /app\n")).toEqual([]);
});

test("every mistake is told at its exact place, with its stable code", async () => {
  const text =
    "FROM alpine:3.22\nRNU x\nCOPY --form=build a b\nRUN --mount=type=cach,target=/x true\nUSER app\n";
  expect(await diagnose(text)).toEqual([
    ["INSTRUCTION_UNKNOWN", 1, "RNU"],
    ["FLAG_UNKNOWN", 1, "--form"],
    ["MOUNT_INVALID", 1, "cach"],
  ]);
});

test("message and hint are shown together", async () => {
  const uri = await client.open("FROM alpine:3.22\nRNU x\nUSER app\n");
  expect(await client.diagnostics(uri)).toEqual([
    {
      range: { start: { line: 1, character: 0 }, end: { line: 1, character: 3 } },
      severity: 1,
      code: "INSTRUCTION_UNKNOWN",
      codeDescription: { href: "https://github.com/slipway-build/slipway/blob/main/docs/errors.md" },
      source: "slipway",
      message: "unknown instruction RNU\nDid you mean RUN?",
    },
  ]);
});

test("broken rules are warnings that say where the rule is explained", async () => {
  const uri = await client.open("FROM alpine:3.22 as build\nUSER app\n");
  const found = await client.diagnostics(uri);
  expect(found).toEqual([
    expect.objectContaining({
      severity: 2,
      code: "FromAsCasing",
      codeDescription: { href: "https://docs.docker.com/go/dockerfile/rule/from-as-casing/" },
      source: "slipway",
    }),
  ]);
});

test("deprecated instructions are marked as such", async () => {
  const uri = await client.open("FROM alpine:3.22\nMAINTAINER me\nUSER app\n");
  expect(await client.diagnostics(uri)).toEqual([
    expect.objectContaining({ code: "MaintainerDeprecated", tags: [2] }),
  ]);
});

test("check directives and comments count", async () => {
  expect(await diagnose("# check=skip=FromAsCasing\nFROM alpine:3.22 as build\nUSER app\n")).toEqual([]);
  expect(await diagnose("# check=error=true\nFROM alpine:3.22 as build\nUSER app\n")).toEqual([
    ["FromAsCasing", 1, expect.any(String)],
  ]);
});

test("places are right behind a byte-order mark, CRLF and characters outside of the plane", async () => {
  const uri = await client.open("\uFEFFFROM alpine:3.22\r\nLABEL a=😀 b\r\nUSER app\r\nRNU\r\n");
  const found = await client.diagnostics(uri);
  expect(found.map(({ code, range }) => [code, range])).toEqual([
    ["INSTRUCTION_ARGUMENTS", { start: { line: 1, character: 11 }, end: { line: 1, character: 12 } }],
    ["INSTRUCTION_UNKNOWN", { start: { line: 3, character: 0 }, end: { line: 3, character: 3 } }],
  ]);
  const first = await client.open("\uFEFFRNU x\nFROM alpine:3.22\nUSER app\n");
  const [problem] = await client.diagnostics(first);
  expect(problem!.range).toEqual({ start: { line: 0, character: 1 }, end: { line: 0, character: 4 } });
});

describe("versions", () => {
  test("changes are told of with the version that they are for, and only the last of many", async () => {
    const uri = await client.open("FROM alpine:3.22\nUSER app\n");
    await client.diagnostics(uri, 1);
    for (let version = 2; version <= 20; version++) {
      const text = version % 2 === 0 ? "X" : "";
      const end = { line: 0, character: version % 2 === 0 ? 0 : 1 };
      await client.change(uri, version, [{ range: { start: { line: 0, character: 0 }, end }, text }]);
    }
    await client.change(uri, 21, [{ text: "FORM alpine\n" }]);
    const found = await client.diagnostics(uri, 21);
    expect(found.map(({ code }) => code)).toContain("INSTRUCTION_UNKNOWN");
    const versions = client.published.filter((each) => each.uri === uri).map(({ version }) => version);
    expect(versions.length).toBeLessThan(6);
    expect(versions.at(-1)).toBe(21);
  });

  test("closing a document takes its diagnostics back", async () => {
    const uri = await client.open("RNU\n");
    expect(await client.diagnostics(uri)).not.toEqual([]);
    await client.notify("textDocument/didClose", { textDocument: { uri } });
    await client.nextPublished();
    expect(client.published.findLast((each) => each.uri === uri)).toEqual({ uri, diagnostics: [] });
  });
});
