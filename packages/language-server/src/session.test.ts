import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import type {
  CodeAction,
  CompletionItem,
  CompletionList,
  DocumentSymbol,
  FoldingRange,
  Hover,
  Location,
  MarkupContent,
  SemanticTokens,
  TextEdit,
  WorkspaceEdit,
} from "vscode-languageserver";
import { afterAll, beforeAll, expect, test } from "vitest";
import { applied, editsOf, MODERN_CLIENT, TestClient } from "./lsp-client.test.support.ts";

const CLI = path.resolve(import.meta.dirname, "../../cli");

let folder: string;

/** The command as it is published: the launcher beside the bundle, without the sources. */
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), "slipway-lsp-"));
  mkdirSync(path.join(folder, "bin"));
  copyFileSync(path.join(CLI, "package.json"), path.join(folder, "package.json"));
  copyFileSync(path.join(CLI, "bin/slipway.js"), path.join(folder, "bin/slipway.js"));
  const bundled = spawnSync(
    process.execPath,
    [path.join(CLI, "scripts/bundle.ts"), path.join(folder, "dist")],
    {
      encoding: "utf8",
    },
  );
  expect(bundled.stderr).toBe("");
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const TEXT = "FROM golang:1.25 as build\nARG V=1\nRUN echo $V\n\nFROM scratch\nCOPY --from=build /app /app\n";

test.each(["sources", "bundle"])("a whole session with the %s", async (kind) => {
  const launcher = kind === "bundle" ? path.join(folder, "bin/slipway.js") : undefined;
  const client = await TestClient.start(MODERN_CLIENT, launcher);
  const { capabilities } = client.initialized;
  expect(Object.keys(capabilities).toSorted()).toEqual([
    "codeActionProvider", "completionProvider", "definitionProvider", "documentFormattingProvider",
    "documentHighlightProvider", "documentRangeFormattingProvider", "documentSymbolProvider", "foldingRangeProvider",
    "hoverProvider", "positionEncoding", "referencesProvider", "renameProvider", "semanticTokensProvider", "textDocumentSync",
  ]); // prettier-ignore

  const uri = await client.open(TEXT);
  const textDocument = { uri };
  const opened = await client.diagnostics(uri);
  expect(opened.map(({ code }) => code)).toContain("FromAsCasing");

  const position = { line: 5, character: 13 };
  const hover = await client.request<Hover>("textDocument/hover", { textDocument, position });
  expect((hover.contents as MarkupContent).value).toContain("Stage 0, with 2 instructions.");
  const definition = await client.request<Location>("textDocument/definition", { textDocument, position });
  expect(definition).toEqual({
    uri,
    range: { start: { line: 0, character: 20 }, end: { line: 0, character: 25 } },
  });
  const context = { includeDeclaration: true };
  expect(
    await client.request<Location[]>("textDocument/references", { textDocument, position, context }),
  ).toHaveLength(2);
  const rename = { textDocument, position, newName: "compile" };
  const renamed = await client.request<WorkspaceEdit>("textDocument/rename", rename);
  expect(applied(TEXT, editsOf(renamed))).toBe(TEXT.replaceAll(/build/g, "compile"));

  const list = await client.request<CompletionList>("textDocument/completion", {
    textDocument,
    position: { line: 5, character: 12 },
  });
  expect(list.items.map(({ label }) => label)).toEqual(["build"]);
  const item = await client.request<CompletionItem>("completionItem/resolve", list.items[0]);
  expect((item.documentation as MarkupContent).value).toContain("Stage 0");

  const symbols = await client.request<DocumentSymbol[]>("textDocument/documentSymbol", { textDocument });
  expect(symbols.map(({ name, children }) => [name, children?.length])).toEqual([
    ["build", 2],
    ["scratch", 1],
  ]);
  expect(await client.request<FoldingRange[]>("textDocument/foldingRange", { textDocument })).toHaveLength(2);
  const tokens = await client.request<SemanticTokens>("textDocument/semanticTokens/full", { textDocument });
  expect(tokens.data.length % 5).toBe(0);

  const actions = await client.request<CodeAction[]>("textDocument/codeAction", {
    textDocument,
    range: { start: { line: 0, character: 17 }, end: { line: 0, character: 17 } },
    context: { diagnostics: opened },
  });
  expect(applied(TEXT, editsOf(actions[0]!.edit))).toBe(TEXT.replace(" as ", " AS "));

  await client.change(uri, 2, [
    { range: { start: { line: 4, character: 0 }, end: { line: 4, character: 4 } }, text: "from  " },
    { range: { start: { line: 0, character: 17 }, end: { line: 0, character: 19 } }, text: "AS" },
  ]);
  const changed = TEXT.replace(" as ", " AS ").replace("\nFROM scratch", "\nfrom   scratch");
  const later = await client.diagnostics(uri, 2);
  expect(later.map(({ code }) => code)).not.toContain("FromAsCasing");
  const options = { tabSize: 4, insertSpaces: true };
  const edits = await client.request<TextEdit[]>("textDocument/formatting", { textDocument, options });
  expect(applied(changed, edits)).toBe(TEXT.replace(" as ", " AS "));

  await client.notify("textDocument/didClose", { textDocument });
  expect(await client.stop()).toBe(0);
  expect(client.stderr).toBe("");
});

test.each(["sources", "bundle"])("fragments with the %s", async (kind) => {
  const launcher = kind === "bundle" ? path.join(folder, "bin/slipway.js") : undefined;
  const work = path.join(folder, `fragments-${kind}`);
  mkdirSync(work);
  writeFileSync(path.join(work, "ok.part"), "FROM scratch AS tools\nRNU x\n");
  writeFileSync(path.join(work, "long.part"), "#".repeat(2 << 20));
  await using client = await TestClient.start(undefined, launcher);
  const text =
    "# slipway=include\nINCLUDE ok.part\nINCLUDE ../out.part\nINCLUDE long.part\nCOPY --from=tools a b\n";
  const uri = await client.open(text, pathToFileURL(path.join(work, "Dockerfile")).href);
  const found = await client.diagnostics(uri);
  expect(found.map(({ code, range }) => `${range.start.line} ${code}`).sort()).toEqual([
    "1 INSTRUCTION_UNKNOWN",
    "2 INCLUDE_OUTSIDE",
    "3 INCLUDE_INVALID",
    "4 STAGE_CIRCULAR",
  ]);
});
