import type { CodeAction, Diagnostic, Range, TextEdit } from "vscode-languageserver";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { applied, editsOf, marked, TestClient } from "../lsp-client.test.support.ts";

let client: TestClient;
beforeAll(async () => void (client = await TestClient.start()));
afterAll(() => client.stop());

const WHOLE: Range = { start: { line: 0, character: 0 }, end: { line: 999, character: 0 } };

async function actions(text: string, context: { only?: string[] } = {}, range?: Range) {
  const { text: clean, positions } = marked(text);
  const uri = await client.open(clean);
  const diagnostics = await client.diagnostics(uri);
  const [at] = positions;
  const found = await client.request<CodeAction[]>("textDocument/codeAction", {
    textDocument: { uri },
    range: range ?? (at ? { start: at, end: at } : WHOLE),
    context: { diagnostics, ...context },
  });
  return found.map((action) => ({
    title: action.title,
    kind: action.kind,
    preferred: action.isPreferred ?? false,
    about: (action.diagnostics ?? []).map(({ code }: Diagnostic) => code),
    text: applied(clean, editsOf(action.edit)),
  }));
}

describe("quick fixes", () => {
  test.each([
    ["an instruction", "FROM a\nR‸NU x\nUSER b\n", "RUN", "FROM a\nRUN x\nUSER b\n", "INSTRUCTION_UNKNOWN"],
    [
      "an instruction in small letters",
      "from a\nco‸pi x y\nuser b\n",
      "copy",
      "from a\ncopy x y\nuser b\n",
      "INSTRUCTION_UNKNOWN",
    ],
    [
      "a flag",
      "FROM a\nCOPY --f‸orm=0 x y\nUSER b\n",
      "--from",
      "FROM a\nCOPY --from=0 x y\nUSER b\n",
      "FLAG_UNKNOWN",
    ],
    [
      "a flag's value",
      "FROM a\nRUN --network=nne‸ x\nUSER b\n",
      "none",
      "FROM a\nRUN --network=none x\nUSER b\n",
      "FLAG_VALUE",
    ],
    [
      "a mount key",
      "FROM a\nRUN --mount=type=tmpfs,tagret‸=/x y\nUSER b\n",
      "target",
      "FROM a\nRUN --mount=type=tmpfs,target=/x y\nUSER b\n",
      "MOUNT_INVALID",
    ],
    [
      "a mount type",
      "FROM a\nRUN --mount=target=/x,type=tmps‸ y\nUSER b\n",
      "tmpfs",
      "FROM a\nRUN --mount=target=/x,type=tmpfs y\nUSER b\n",
      "MOUNT_INVALID",
    ],
    [
      "a stage",
      "FROM a AS build\nFROM a\nCOPY --from=biuld‸ x y\nUSER b\n",
      "build",
      "FROM a AS build\nFROM a\nCOPY --from=build x y\nUSER b\n",
      "STAGE_NOT_FOUND",
    ],
    [
      "a stage in a mount",
      "FROM a AS build\nFROM a\nRUN --mount=from=bild‸,target=/x y\nUSER b\n",
      "build",
      "FROM a AS build\nFROM a\nRUN --mount=from=build,target=/x y\nUSER b\n",
      "STAGE_NOT_FOUND",
    ],
    [
      "what ONBUILD holds",
      "FROM a\nONBUILD CO‸PPY x y\nUSER b\n",
      "COPY",
      "FROM a\nONBUILD COPY x y\nUSER b\n",
      "INSTRUCTION_UNKNOWN",
    ],
  ])("%s that does not exist becomes the one that was meant", async (_what, text, name, expected, code) => {
    expect(await actions(text)).toContainEqual({
      title: `Change to ${name}`,
      kind: "quickfix",
      preferred: true,
      about: [code],
      text: expected,
    });
  });

  test("a broken rule is mended, or skipped for the instruction", async () => {
    const text = "FROM alpine:3.22 AS a\nUSER x\n\nFROM alpine:3.22 ‸as b\nUSER x\n";
    expect(await actions(text)).toEqual([
      {
        title: expect.stringMatching(/\S/),
        kind: "quickfix",
        preferred: true,
        about: ["FromAsCasing"],
        text: "FROM alpine:3.22 AS a\nUSER x\n\nFROM alpine:3.22 AS b\nUSER x\n",
      },
      {
        title: "Skip FromAsCasing for this instruction",
        kind: "quickfix",
        preferred: false,
        about: ["FromAsCasing"],
        text: "FROM alpine:3.22 AS a\nUSER x\n\n# check=skip=FromAsCasing\nFROM alpine:3.22 as b\nUSER x\n",
      },
    ]);
  });

  test.each([
    [
      "at the top it is for the file",
      "FROM alpine:3.22 ‸as b\nUSER x\n",
      "in this file",
      "# check=skip=FromAsCasing\nFROM alpine:3.22 as b\nUSER x\n",
    ],
    [
      "behind other directives",
      "# syntax=docker/dockerfile:1\n\nFROM alpine:3.22 ‸as b\nUSER x\n",
      "in this file",
      "# syntax=docker/dockerfile:1\n# check=skip=FromAsCasing\n\nFROM alpine:3.22 as b\nUSER x\n",
    ],
    [
      "a directive that is there is added to",
      "# check=skip=WorkdirRelativePath;error=true\nFROM alpine:3.22 ‸as b\nUSER x\n",
      "in this file",
      "# check=skip=WorkdirRelativePath,FromAsCasing;error=true\nFROM alpine:3.22 as b\nUSER x\n",
    ],
    [
      "so is a comment",
      "ARG A\n# check=error=true\nFROM alpine:3.22 ‸as b\nUSER x\n",
      "for this instruction",
      "ARG A\n# check=error=true;skip=FromAsCasing\nFROM alpine:3.22 as b\nUSER x\n",
    ],
  ])("skipping a rule: %s", async (_what, text, where, expected) => {
    const found = await actions(text);
    expect(found.find(({ title }) => title === `Skip FromAsCasing ${where}`)?.text).toBe(expected);
    const uri = await client.open(expected);
    expect((await client.diagnostics(uri)).map(({ code }) => code)).not.toContain("FromAsCasing");
  });

  test("are those of the place", async () => {
    expect(await actions("FROM a‸lpine:3.22\nRNU x\nUSER b\n")).toEqual([]);
  });

  test("clients that know no code actions get none", async () => {
    await using plain = await TestClient.start({});
    const uri = await plain.open("RNU\n");
    const range = WHOLE;
    expect(
      await plain.request("textDocument/codeAction", {
        textDocument: { uri },
        range,
        context: { diagnostics: [] },
      }),
    ).toEqual([]);
  });
});

describe("fix all", () => {
  const TEXT = "FROM alpine:3.22 as b\nexpose 80/TCP\nUSER x\n";

  test.each(["source.fixAll", "source", "source.fixAll.slipway"])(
    "comes when %s is asked for",
    async (kind) => {
      expect(await actions(TEXT, { only: [kind] })).toEqual([
        expect.objectContaining({
          kind: "source.fixAll.slipway",
          text: "FROM alpine:3.22 AS b\nEXPOSE 80/tcp\nUSER x\n",
        }),
      ]);
    },
  );

  test("does not come by itself, nor when there is nothing to fix", async () => {
    expect((await actions(TEXT)).map(({ kind }) => kind)).not.toContain("source.fixAll.slipway");
    expect(await actions(TEXT, { only: ["refactor"] })).toEqual([]);
    expect(await actions("FROM alpine:3.22\nUSER x\n", { only: ["source.fixAll"] })).toEqual([]);
  });
});

describe("formatting", () => {
  const TEXT = "from alpine:3.22\n\n\n\nrun   echo a  \\\n  && b\nUSER x\nworkdir   /x\n";
  const options = { tabSize: 8, insertSpaces: false };

  test("lays the file out as `slipway fmt` does, in edits of lines that change", async () => {
    const uri = await client.open(TEXT);
    const edits = await client.request<TextEdit[]>("textDocument/formatting", {
      textDocument: { uri },
      options,
    });
    const formatted = applied(TEXT, edits);
    expect(formatted).toBe("FROM alpine:3.22\n\nRUN echo a \\\n    && b\nUSER x\nWORKDIR /x\n");
    expect(edits.map(({ newText }) => newText).join("")).not.toContain("USER");
    const again = await client.open(formatted);
    expect(
      await client.request("textDocument/formatting", { textDocument: { uri: again }, options }),
    ).toEqual([]);
  });

  test("of a range changes nothing outside of it", async () => {
    const uri = await client.open(TEXT);
    const range = { start: { line: 7, character: 0 }, end: { line: 8, character: 0 } };
    const edits = await client.request<TextEdit[]>("textDocument/rangeFormatting", {
      textDocument: { uri },
      range,
      options,
    });
    expect(applied(TEXT, edits)).toBe(TEXT.replace("workdir   /x", "WORKDIR /x"));
  });

  test("keeps a byte-order mark and CRLF", async () => {
    const text = "\uFEFFfrom alpine:3.22\r\nrun   x\r\n";
    const uri = await client.open(text);
    const edits = await client.request<TextEdit[]>("textDocument/formatting", {
      textDocument: { uri },
      options,
    });
    expect(applied(text, edits)).toBe("\uFEFFFROM alpine:3.22\r\nRUN x\r\n");
  });
});
