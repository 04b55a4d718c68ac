import type { Hover, MarkupContent } from "vscode-languageserver";
import { afterAll, beforeAll, expect, test } from "vitest";
import { TestClient, textIn } from "../lsp-client.test.support.ts";

let client: TestClient;
beforeAll(async () => void (client = await TestClient.start()));
afterAll(() => client.stop());

async function hover(text: string): Promise<{ value: string; at: string } | null> {
  const { result, text: clean } = await client.ask<Hover | null>("textDocument/hover", text);
  return result && { value: (result.contents as MarkupContent).value, at: textIn(clean, result.range!) };
}

test.each<[string, string, string, string[]]>([
  ["an instruction", "FROM a\nR‸UN x\n", "RUN", ["RUN [flags] <command", "#run)"]],
  ["an instruction in small letters", "from a\nco‸py a b\n", "copy", ["COPY [flags]", "#copy)"]],
  ["what ONBUILD holds", "FROM a\nONBUILD CO‸PY a b\n", "COPY", ["COPY [flags]"]],
  ["ONBUILD itself", "FROM a\nON‸BUILD COPY a b\n", "ONBUILD", ["ONBUILD <instruction>"]],
  [
    "a flag",
    "FROM a\nCOPY --ch‸own=1 a b\n",
    "--chown=1",
    ["COPY --chown=<user>[:<group>]", "#copy---chown---chmod)"],
  ],
  ["a flag of FROM", "FROM --plat‸form=linux/amd64 a\n", "--platform=linux/amd64", ["FROM --platform"]],
  ["a flag's value", "FROM a\nRUN --network=no‸ne x\n", "none", ["No network but loopback."]],
  [
    "a mount",
    "FROM a\nRUN --mo‸unt=type=cache,target=/x y\n",
    "--mount=type=cache,target=/x",
    ["RUN --mount=type=<type>"],
  ],
  ["a mount type", "FROM a\nRUN --mount=type=ca‸che,target=/x y\n", "cache", ["outlives the build"]],
  [
    "a mount key",
    "FROM a\nRUN --mount=type=cache,dst‸=/x y\n",
    "dst=/x",
    ["Where it is in the file system", "`dst` or `destination`"],
  ],
  [
    "a mount key's value",
    "FROM a\nRUN --mount=type=cache,target=/x,sharing=lo‸cked y\n",
    "locked",
    ["One after the other"],
  ],
  ["a flag behind a continuation", "FROM a\nCOPY \\\n  --li‸nk a b\n", "--link", ["COPY --link"]],
  [
    "a directive",
    "# syn‸tax=docker/dockerfile:1\nFROM a\n",
    "# syntax=docker/dockerfile:1",
    ["# syntax=<image>"],
  ],
  [
    "a rule",
    "# check=skip=FromAs‸Casing\nFROM a\n",
    "FromAsCasing",
    ["[Document of the rule](https://docs.docker.com/go/"],
  ],
  [
    "a rule in a comment",
    "FROM a\n# check=skip=UndefinedVar,Sudo‸InRun\nRUN x\n",
    "SudoInRun",
    ["docs/rules/sudo-in-run.md"],
  ],
  ["INCLUDE", "# slipway=include\nFROM a\nINC‸LUDE x\n", "INCLUDE", ["INCLUDE <path>", "[Slipway]("]],
  ["a mark for commits", "FROM a\nRUN make \\\n  x #!COM‸MIT\n", "#!COMMIT", ["--commit=explicit"]],
  ["the command of HEALTHCHECK", "FROM a\nHEALTHCHECK C‸MD x\n", "CMD", ["HEALTHCHECK [flags] CMD"]],
  [
    "a predefined argument",
    "FROM --platform=$BUILD‸PLATFORM a\n",
    "BUILDPLATFORM",
    ["of the machine that builds"],
  ],
])("%s", async (_what, text, at, contents) => {
  const found = await hover(text);
  expect(found?.at).toBe(at);
  for (const content of contents) expect(found?.value).toContain(content);
});

test("an argument tells its default, comment and line", async () => {
  const found = await hover("# The version of Node\nARG NODE=24\nFROM node:${NO‸DE}\n");
  expect(found).toEqual({
    at: "NODE",
    value:
      "```dockerfile\nARG NODE=24\n```\n\nThe version of Node\n\nBuild argument, declared in line 2, before the first `FROM`.",
  });
});

test("an argument of a stage without a default tells the one that it takes over", async () => {
  const found = await hover("ARG A=1\nFROM a AS b\nARG A\nRUN echo $‸A\n");
  expect(found?.value).toBe(
    "```dockerfile\nARG A\n```\n\nBuild argument, declared in line 3, in stage `b`.\n\nIts default `1` is that of line 1.",
  );
});

test("a variable tells the ENV that sets it, also when that is in the stage below", async () => {
  const found = await hover("FROM a AS base\nENV X=1 Y=2\nFROM base\nRUN echo $‸Y\n");
  expect(found?.value).toContain("ENV Y=2");
  expect(found?.value).toContain("Environment variable, declared in line 2, in stage `base`.");
});

test("a stage tells its base and comment, by name and by number", async () => {
  const text = "# Compiles\nFROM golang:1.25 AS build\nRUN x\nFROM scratch\n";
  const expected =
    "```dockerfile\nFROM golang:1.25 AS build\n```\n\nCompiles\n\nStage 0, with 1 instruction.";
  expect(await hover(`${text}COPY --from=bu‸ild a b\n`)).toEqual({ at: "build", value: expected });
  expect(await hover(`${text}COPY --from=‸0 a b\n`)).toEqual({ at: "0", value: expected });
  expect(await hover(`${text}RUN --mount=from=bui‸ld,target=/b x\n`)).toEqual({
    at: "build",
    value: expected,
  });
});

test.each([
  ["a comment", "FROM a\n# RU‸N x\n"],
  ["an empty line", "FROM a\n‸\nRUN x\n"],
  ["words of a command", "FROM a\nRUN ec‸ho x\n"],
  ["an instruction that does not exist", "FROM a\nRN‸U x\n"],
  ["a variable that the file does not declare", "FROM a\nRUN echo $NO‸BODY\n"],
])("nothing is told of %s", async (_what, text) => {
  expect(await hover(text)).toBeNull();
});

test("clients that know no Markdown get plain text", async () => {
  await using plain = await TestClient.start({});
  const { result } = await plain.ask<Hover>("textDocument/hover", "FROM a\nWORK‸DIR /x\n");
  expect(result.contents).toEqual({
    kind: "plaintext",
    value: expect.stringMatching(/^WORKDIR <path>\n\nThe working folder[^`]*#workdir$/s),
  });
});
