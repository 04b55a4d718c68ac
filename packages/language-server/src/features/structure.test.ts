import type { DocumentSymbol, FoldingRange, SemanticTokens, SymbolInformation } from "vscode-languageserver";
import { afterAll, beforeAll, expect, test } from "vitest";
import { TestClient, textIn } from "../lsp-client.test.support.ts";

let client: TestClient;
beforeAll(async () => void (client = await TestClient.start()));
afterAll(() => client.stop());

const FILE = `# syntax=docker/dockerfile:1
# What this is
# and why
ARG V=1

FROM golang:$V AS build
RUN --mount=type=cache,target=/c \\
    go build \\
    ./...

FROM scratch
COPY --from=build <<A <<B /x
a
A
b
b
B
ENTRYPOINT ["/x"]
`;

test("the outline has stages, and instructions within them", async () => {
  const uri = await client.open(FILE);
  const symbols = await client.request<DocumentSymbol[]>("textDocument/documentSymbol", {
    textDocument: { uri },
  });
  const shown = ({ name, detail, kind, range, selectionRange, children }: DocumentSymbol): unknown => [
    `${name}${detail === undefined ? "" : ` | ${detail}`}`,
    kind,
    `${range.start.line}-${range.end.line}`,
    textIn(FILE, selectionRange),
    ...(children ?? []).map(shown),
  ];
  expect(symbols.map(shown)).toEqual([
    ["ARG V", 14, "3-3", "ARG"],
    [
      "build | golang:$V",
      2,
      "5-8",
      "build",
      ["RUN | --mount=type=cache,target=/c     go build     ./...", 12, "6-8", "RUN"],
    ],
    [
      "scratch | stage 1",
      2,
      "10-17",
      "scratch",
      ["COPY | --from=build <<A <<B /x", 1, "11-16", "COPY"],
      ['ENTRYPOINT | ["/x"]', 24, "17-17", "ENTRYPOINT"],
    ],
  ]);
});

test("clients without a tree get a list", async () => {
  await using plain = await TestClient.start({});
  const uri = await plain.open(FILE);
  const symbols = await plain.request<SymbolInformation[]>("textDocument/documentSymbol", {
    textDocument: { uri },
  });
  expect(
    symbols.map(({ name, containerName, location }) => [name, containerName, location.uri === uri]),
  ).toEqual([
    ["ARG V", undefined, true],
    ["build", undefined, true],
    ["RUN", "build", true],
    ["scratch", undefined, true],
    ["COPY", "scratch", true],
    ["ENTRYPOINT", "scratch", true],
  ]);
});

test("stages, continued instructions, here-documents and comments fold", async () => {
  const uri = await client.open(FILE);
  const ranges = await client.request<FoldingRange[]>("textDocument/foldingRange", { textDocument: { uri } });
  expect(ranges.map(({ startLine, endLine, kind }) => [startLine, endLine, kind])).toEqual([
    [1, 2, "comment"],
    [5, 8, "region"],
    [6, 8, undefined],
    [10, 17, "region"],
    [11, 13, undefined],
    [13, 16, undefined],
  ]);
});

test("semantic tokens name what each part is", async () => {
  const text =
    '# escape=\\\n# hi\nARG V\nFROM --platform=$P a:$V AS b\nRUN --mount=type=bind,from=c x\nFROM b\nCMD ["x"]\n';
  const uri = await client.open(text);
  const { legend } = client.initialized.capabilities.semanticTokensProvider as {
    legend: { tokenTypes: string[]; tokenModifiers: string[] };
  };
  const decode = ({ data }: SemanticTokens): string[] => {
    const found: string[] = [];
    let [line, character] = [0, 0];
    for (let at = 0; at < data.length; at += 5) {
      const [lines, characters, length, type, modifiers] = data.slice(at, at + 5) as [
        number,
        number,
        number,
        number,
        number,
      ];
      character = lines === 0 ? character + characters : characters;
      line += lines;
      const written = textIn(text, {
        start: { line, character },
        end: { line, character: character + length },
      });
      found.push(`${legend.tokenTypes[type]}${modifiers ? "!" : ""} ${written}`);
    }
    return found;
  };
  const textDocument = { uri };
  const all = decode(await client.request("textDocument/semanticTokens/full", { textDocument }));
  expect(all).toEqual([
    "macro # escape=\\",
    "comment # hi",
    "keyword ARG",
    "parameter! V",
    "keyword FROM",
    "property --platform",
    "parameter V",
    "keyword AS",
    "namespace! b",
    "keyword RUN",
    "property --mount",
    "property type",
    "property from",
    "keyword FROM",
    "namespace b",
    "keyword CMD",
    'string "x"',
  ]);
  const range = { start: { line: 5, character: 0 }, end: { line: 5, character: 6 } };
  const some = decode(await client.request("textDocument/semanticTokens/range", { textDocument, range }));
  expect(some).toEqual(["keyword FROM", "namespace b"]);
});
