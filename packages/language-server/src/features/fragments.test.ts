import { execFileSync } from "node:child_process";
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { CompletionList, Diagnostic, Hover, Location } from "vscode-languageserver";
import { marked, MODERN_CLIENT, TestClient, textIn } from "../lsp-client.test.support.ts";

const ON = "# slipway=include\n";

let top: string;
let folder: string;
let client: TestClient;

beforeEach(async () => {
  top = await mkdtemp(path.join(tmpdir(), "slipway-fragments-"));
  folder = path.join(top, "work");
  await mkdir(folder);
  client = new TestClient();
  await client.initialize(
    {
      ...MODERN_CLIENT,
      workspace: { ...MODERN_CLIENT.workspace, didChangeWatchedFiles: { dynamicRegistration: true } },
    },
    { workspaceFolders: [{ uri: uriOf(""), name: "work" }] },
  );
});
afterEach(async () => {
  await client.stop();
  await rm(top, { recursive: true, force: true });
});

function uriOf(file: string): string {
  return pathToFileURL(path.join(folder, file)).href;
}

async function write(file: string, text: string): Promise<string> {
  await mkdir(path.dirname(path.join(folder, file)), { recursive: true });
  await writeFile(path.join(folder, file), text);
  return text;
}

/** Opens a text as a file, and asks about its mark. */
async function ask<Result>(method: string, file: string, text: string, more: object = {}): Promise<Result> {
  const { text: clean, positions } = marked(text);
  const uri = await client.open(clean, uriOf(file));
  return client.request<Result>(method, { textDocument: { uri }, position: positions[0], ...more });
}

async function labels(text: string, file = "Dockerfile"): Promise<readonly string[]> {
  const { items } = await ask<CompletionList>("textDocument/completion", file, text);
  return items.map(({ label }) => label);
}

function shown(text: string, found: readonly Diagnostic[]) {
  return found.map(({ code, range, message }) => [
    code,
    textIn(text, range),
    (message as string).split("\n")[0],
  ]);
}

async function diagnose(text: string, file = "Dockerfile") {
  const uri = await client.open(text, uriOf(file));
  return shown(text, await client.diagnostics(uri));
}

/** Waits until what was last said of a document is as wanted. */
async function untilDiagnosed(uri: string, wanted: (found: readonly Diagnostic[]) => boolean) {
  for (;;) {
    const found = client.published.findLast((each) => each.uri === uri)?.diagnostics;
    if (found !== undefined && wanted(found)) return found;
    await client.nextPublished();
  }
}

describe("names of a fragment", () => {
  const BASE = "ARG TAG=3.22\nFROM alpine:$TAG AS tools\nENV HOME_OF=/opt\nARG INNER=1\nUSER app\n";

  test("stages are offered and are not mistaken for images", async () => {
    await write("parts/base.part", BASE);
    const text = `${ON}INCLUDE parts/base.part\nFROM alpine:3.22 AS last\nUSER app\nCOPY --from=tool‸s /a /b\n`;
    expect(await labels(text)).toContain("tools");
    const found = await diagnose(
      `${ON}INCLUDE parts/base.part\nFROM tools\nCOPY --from=1 /a /b\nRUN echo $INNER\n`,
      "B",
    );
    expect(found).toMatchObject([["STAGE_CIRCULAR", "1", expect.anything()]]);
  });

  test("arguments and variables are offered in the stages that have them, and nowhere else", async () => {
    await write("parts/base.part", BASE);
    expect(await labels(`${ON}INCLUDE parts/base.part\nRUN echo $‸\nFROM scratch\n`)).toEqual(
      expect.arrayContaining(["HOME_OF", "INNER"]),
    );
    const other = await labels(`${ON}INCLUDE parts/base.part\nFROM scratch\nRUN echo $‸\n`, "B");
    expect(other).not.toContain("HOME_OF");
    expect(await labels(`${ON}RUN echo $‸\nINCLUDE parts/base.part\n`, "C")).not.toContain("HOME_OF");
    expect(await labels(`${ON}INCLUDE parts/base.part\nFROM alpine:$‸\n`, "D")).toContain("TAG");
  });

  test("definitions lead into the fragment's file, references back and forth", async () => {
    const text = await write("parts/base.part", `\uFEFF${BASE}`);
    const found = await ask<Location>(
      "textDocument/definition",
      "Dockerfile",
      `${ON}INCLUDE parts/base.part\nFROM to‸ols\n`,
    );
    expect([found.uri, textIn(text, found.range)]).toEqual([uriOf("parts/base.part"), "tools"]);
    const variable = await ask<Location>(
      "textDocument/definition",
      "B",
      `${ON}INCLUDE parts/base.part\nRUN echo $HOME‸_OF\n`,
    );
    expect([variable.uri, textIn(text, variable.range)]).toEqual([uriOf("parts/base.part"), "HOME_OF"]);
    const all = await ask<Location[]>(
      "textDocument/references",
      "C",
      `${ON}INCLUDE parts/base.part\nFROM to‸ols\n`,
      { context: { includeDeclaration: true } },
    );
    expect(all.map(({ uri }) => path.basename(uri))).toEqual(["C", "base.part"]);
  });

  test("an INCLUDE leads to its fragment", async () => {
    await write("parts/base.part", BASE);
    const found = await ask("textDocument/definition", "Dockerfile", `${ON}INCLUDE parts/ba‸se.part\n`);
    const start = { line: 0, character: 0 };
    expect(found).toEqual({ uri: uriOf("parts/base.part"), range: { start, end: start } });
  });

  test("hovering tells the line and the fragment", async () => {
    await write("parts/base.part", BASE);
    const hover = await ask<Hover>(
      "textDocument/hover",
      "Dockerfile",
      `${ON}INCLUDE parts/base.part\nRUN echo $HOME‸_OF\n`,
    );
    expect(JSON.stringify(hover.contents)).toContain("declared in line 3 of `parts/base.part`");
  });

  test("what a fragment names, too, is not renamed behind its back; what it does not is", async () => {
    await write("parts/base.part", BASE);
    const request = { newName: "other" };
    await expect(
      ask("textDocument/rename", "A", `${ON}INCLUDE parts/base.part\nFROM to‸ols\n`, request),
    ).rejects.toThrow("tools is also named in the fragment parts/base.part");
    await expect(
      ask("textDocument/rename", "B", `${ON}INCLUDE parts/base.part\nFROM a AS o‸wn\n`, { newName: "tools" }),
    ).rejects.toThrow('There is a stage "tools" already');
    expect(await ask("textDocument/rename", "C", `${ON}INCLUDE parts/base.part\nFROM a AS o‸wn\n`, request)).toMatchObject({
      documentChanges: [{ textDocument: { uri: uriOf("C") }, edits: [{ newText: "other" }] }],
    }); // prettier-ignore
  });

  test("outline, folding and colours stay those of the document", async () => {
    await write("parts/base.part", BASE);
    const text = `${ON}INCLUDE parts/base.part\nFROM tools AS last\nUSER app\n`;
    const symbols = await ask<{ name: string }[]>("textDocument/documentSymbol", "Dockerfile", text);
    expect(symbols.map(({ name }) => name)).toEqual(["INCLUDE", "last"]);
    const { data } = await ask<{ data: number[] }>("textDocument/semanticTokens/full", "B", text);
    const lines = data.filter((_, index) => index % 5 === 0).reduce((sum, delta) => sum + delta, 0);
    expect(lines).toBe(3);
  });
});

describe("where fragments are looked for", () => {
  test("in the document's folder, then above it up to the folder that is open", async () => {
    await write("parts/a.part", "FROM scratch AS a\n");
    expect(await labels(`${ON}INCLUDE parts/a.part\nFROM ‸\n`, "docker/deep/Dockerfile")).toContain("a");
    await write("docker/deep/parts/a.part", "FROM scratch AS near\nINCLUDE ./b.part\n");
    await write("docker/deep/parts/b.part", "FROM scratch AS nested\n");
    expect(await labels(`${ON}INCLUDE parts/a.part\nFROM ‸\n`, "docker/deep/B")).toEqual(
      expect.arrayContaining(["near", "nested"]),
    );
  });

  test("never outside of it: paths, links and devices are not followed", async () => {
    await writeFile(path.join(top, "secret.part"), "FROM scratch AS secret\n");
    await symlink("../secret.part", path.join(folder, "link.part"));
    await symlink("/dev/zero", path.join(folder, "zero.part"));
    execFileSync("mkfifo", [path.join(folder, "pipe.part")]);
    for (const source of ["secret.part", "../secret.part", "link.part", "zero.part", "pipe.part", "/secret.part"])
      expect(await labels(`${ON}INCLUDE ${source}\nFROM ‸\n`, source.replaceAll("/", "_")), source).not.toContain("secret");
    expect(await diagnose(`${ON}INCLUDE ../secret.part\nFROM scratch\n`)).toMatchObject([["INCLUDE_OUTSIDE", "../secret.part", expect.anything()]]);
    expect(await diagnose(`${ON}INCLUDE link.part\nFROM scratch\n`, "L")).toEqual([]);
    // A link within is followed.
    await write("real.part", "FROM scratch AS real\n");
    await symlink("real.part", path.join(folder, "inner.part"));
    expect(await labels(`${ON}INCLUDE inner.part\nFROM ‸\n`, "I")).toContain("real");
  }); // prettier-ignore

  test("one that is too long is refused as a build would, and what is in all too much is not looked into", async () => {
    await write("long.part", `# ${"x".repeat(1 << 20)}\n`);
    expect(await diagnose(`${ON}INCLUDE long.part\nFROM scratch\n`)).toEqual([
      ["INCLUDE_INVALID", "long.part", "long.part is longer than 1048576 bytes"],
    ]);
    for (let index = 0; index < 6; index++) await write(`${index}.part`, `FROM scratch AS s${index}\n# ${"x".repeat(1_000_000)}\n`); // prettier-ignore
    const all = [0, 1, 2, 3, 4, 5].map((index) => `INCLUDE ${index}.part\n`).join("");
    const found = await labels(`${ON}${all}FROM ‸\n`, "Many");
    expect(["s0", "s3", "s5"].map((name) => found.includes(name))).toEqual([true, true, false]);
  });

  test("a file that is not there is a warning, and may hold anything", async () => {
    const text = `${ON}INCLUDE no.part\nUSER app\nFROM scratch AS tools\nCOPY --from=7 a b\nCOPY --from=tool a b\nRUN echo $X\n`;
    const uri = await client.open(text, uriOf("Dockerfile"));
    const found = await client.diagnostics(uri);
    expect(shown(text, found)).toEqual([
      ["INCLUDE_NOT_FOUND", "no.part", `there is no file no.part in ${folder}`],
    ]);
    expect(found[0]!.severity).toBe(2);
  });

  test("repositories and images are not asked, and may hold anything", async () => {
    for (const source of ["https://h.example/a.git#v1:a.part", "docker-image://h.example/a:1//a.part"]) {
      const text = `${ON}INCLUDE ${source} A=1\nRUN echo $X\nFROM build-\nCOPY --from=7 a b\nCOPY --from=tool a b\n`;
      expect(await diagnose(text, source.slice(0, 6)), source).toEqual([]);
    }
  });

  test("documents that are no files have none", async () => {
    const text = `${ON}INCLUDE a.part\nFROM tools\n`;
    const uri = await client.open(text, "untitled:Untitled-1");
    expect(await client.diagnostics(uri)).toEqual([]);
  });
});

describe("what is wrong with a fragment", () => {
  const TEXT = `${ON}FROM alpine:3.22\nINCLUDE parts/a.part\nUSER app\n`;
  const BAD = "RUN true\n  COPY x\nMAINTAINER me\n";

  test("is told at the INCLUDE, with the place in the fragment", async () => {
    await write("parts/a.part", BAD);
    const uri = await client.open(TEXT, uriOf("Dockerfile"));
    const found = await client.diagnostics(uri);
    expect(shown(TEXT, found)).toEqual([
      ["INSTRUCTION_ARGUMENTS", "INCLUDE parts/a.part", expect.stringMatching(/^parts\/a\.part:2:8: COPY/)],
      ["MaintainerDeprecated", "INCLUDE parts/a.part", expect.stringMatching(/^parts\/a\.part:3:1: /)],
    ]);
    expect(found[0]!.relatedInformation).toEqual([
      { location: { uri: uriOf("parts/a.part"), range: expect.anything() as never }, message: "in parts/a.part" },
    ]); // prettier-ignore
    expect(textIn(BAD, found[0]!.relatedInformation![0]!.location.range)).toBe("x");
  });

  test("is told in its own document when that is open, and again at the INCLUDE when it is not", async () => {
    await write("parts/a.part", "RUN true\n");
    const main = await client.open(TEXT, uriOf("Dockerfile"));
    expect(await client.diagnostics(main)).toEqual([]);
    const fragment = await client.open(BAD, uriOf("parts/a.part"));
    const found = await untilDiagnosed(fragment, (all) => all.length === 2);
    expect(shown(BAD, found).map((each) => each.slice(0, 2))).toEqual([
      ["INSTRUCTION_ARGUMENTS", "x"],
      ["MaintainerDeprecated", "MAINTAINER"],
    ]);
    await untilDiagnosed(main, (all) => all.length === 0);
    // What is typed there counts before it is saved.
    await client.change(fragment, 2, [{ text: "FROM scratch AS typed\nRNU\n" }]);
    await untilDiagnosed(fragment, (all) => all.length === 1 && all[0]!.code === "INSTRUCTION_UNKNOWN");
    const position = { line: 3, character: 5 };
    await client.change(main, 2, [{ text: `${ON}FROM a\nINCLUDE parts/a.part\nFROM \n` }]);
    const { items } = await client.request<CompletionList>("textDocument/completion", {
      textDocument: { uri: main },
      position,
    });
    expect(items.map(({ label }) => label)).toContain("typed");
    await write("parts/a.part", BAD);
    await client.notify("textDocument/didClose", { textDocument: { uri: fragment } });
    await untilDiagnosed(main, (all) => all.some(({ code }) => code === "INSTRUCTION_ARGUMENTS"));
    await untilDiagnosed(fragment, (all) => all.length === 0);
  });

  test("a fragment that nothing open includes is checked by itself", async () => {
    const main = await client.open(TEXT, uriOf("Dockerfile"));
    await write("parts/a.part", "RUN true\n");
    const fragment = await client.open("RUN true\n", uriOf("parts/a.part"));
    await untilDiagnosed(fragment, (all) => all.length === 0);
    await client.notify("textDocument/didClose", { textDocument: { uri: main } });
    const found = await untilDiagnosed(fragment, (all) => all.length > 0);
    expect(found[0]!.code).toBe("INSTRUCTION_BEFORE_FROM");
  });

  test("what a fragment says is known to what includes it: rules and stages count for the whole", async () => {
    await write("parts/a.part", "SHELL [\"/bin/bash\", \"-c\"]\nWORKDIR /app\nARG V=1\nUSER app\n"); // prettier-ignore
    expect(await diagnose(`${ON}FROM alpine:3.22\nINCLUDE parts/a.part\nWORKDIR b\nRUN echo $V\n`)).toEqual(
      [],
    );
  });

  test("files that change on the disk are read anew, and watched", async () => {
    const registered: unknown[] = [];
    client.connection.onRequest("client/registerCapability", (params) => void registered.push(params));
    await write("parts/a.part", "RUN true\n");
    const main = await client.open(TEXT, uriOf("Dockerfile"));
    expect(await client.diagnostics(main)).toEqual([]);
    await expect.poll(() => JSON.stringify(registered), { timeout: 20_000 }).toContain("parts/a.part");
    await write("parts/b.part", BAD);
    await rename(path.join(folder, "parts/b.part"), path.join(folder, "parts/a.part"));
    await client.notify("workspace/didChangeWatchedFiles", {
      changes: [{ uri: uriOf("parts/a.part"), type: 2 }],
    });
    await untilDiagnosed(main, (all) => all.length === 2);
  });

  test("fragments that include each other come to an end", async () => {
    await write("a.part", `${ON}INCLUDE b.part\n`);
    await write("b.part", `${ON}INCLUDE a.part\n`);
    const a = await client.open(`${ON}INCLUDE b.part\n`, uriOf("a.part"));
    const b = await client.open(`${ON}INCLUDE a.part\n`, uriOf("b.part"));
    await untilDiagnosed(a, (all) => all.some(({ code }) => code === "INCLUDE_CIRCULAR"));
    await untilDiagnosed(b, (all) => all.some(({ code }) => code === "INCLUDE_CIRCULAR"));
    // Settled when nothing comes for a while; what goes in circles never settles.
    let count = -1;
    for (let round = 0; round < 20 && client.published.length !== count; round++) {
      count = client.published.length;
      await new Promise((resolve) => setTimeout(resolve, 600));
    }
    expect(client.published.length).toBe(count);
  });
});
