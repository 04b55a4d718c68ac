import { setTimeout as sleep } from "node:timers/promises";
import { CancellationTokenSource, type CompletionList, type Hover } from "vscode-languageserver/node";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MODERN_CLIENT, TestClient } from "../lsp-client.test.support.ts";

const DOCUMENT = { uri: "file:///work/Dockerfile", languageId: "dockerfile", version: 1 };
const ALL_ABOUT_A_PLACE = [
  "textDocument/hover", "textDocument/completion", "textDocument/definition", "textDocument/references",
  "textDocument/documentHighlight", "textDocument/prepareRename", "textDocument/rename",
]; // prettier-ignore
const ALL_ABOUT_A_DOCUMENT = [
  "textDocument/documentSymbol", "textDocument/foldingRange", "textDocument/semanticTokens/full", "textDocument/formatting",
]; // prettier-ignore

describe("the life of a server", () => {
  test("shutdown and exit end it with status 0, and nothing else was on stdout or stderr", async () => {
    const client = await TestClient.start();
    expect(client.initialized.serverInfo).toEqual({
      name: "slipway",
      version: expect.stringMatching(/^\d+\.\d+/),
    });
    expect(await client.stop()).toBe(0);
    expect(client.stderr).toBe("");
  });

  test("exit without shutdown ends it with status 1", async () => {
    const client = await TestClient.start();
    await client.notify("exit");
    expect(await client.exited).toBe(1);
  });

  test("exit before initialize does, too", async () => {
    const client = new TestClient();
    await client.notify("exit");
    expect(await client.exited).toBe(1);
  });

  test("the end of stdin ends it: with status 1, or 0 after shutdown", async () => {
    const client = await TestClient.start();
    client.child.stdin!.end();
    expect(await client.exited).toBe(1);
    const polite = await TestClient.start();
    await polite.request("shutdown");
    polite.child.stdin!.end();
    expect(await polite.exited).toBe(0);
  });

  test("it ends when nobody reads what it writes", async () => {
    const client = await TestClient.start();
    client.child.stdout!.destroy();
    for (let round = 0; client.child.exitCode === null && round < 100; round++) {
      await client.open("RNU\n").catch(() => undefined);
      await sleep(20);
    }
    expect(await client.exited).toBe(1);
  });

  test("it ends when the editor's process has gone", { timeout: 20_000 }, async () => {
    const client = new TestClient();
    const gone = 2 ** 22 + 1;
    await client.request("initialize", { processId: gone, rootUri: null, capabilities: {} });
    expect(await client.exited).toBe(1);
  });

  test("nothing but initialize is answered before it, and nothing after shutdown", async () => {
    const client = new TestClient();
    const params = { textDocument: DOCUMENT, position: { line: 0, character: 0 } };
    await expect(client.request("textDocument/hover", params)).rejects.toMatchObject({ code: -32002 });
    await client.initialize({});
    await expect(
      client.request("initialize", { processId: null, rootUri: null, capabilities: {} }),
    ).rejects.toMatchObject({ code: -32600 });
    await client.request("shutdown");
    await expect(client.request("textDocument/hover", params)).rejects.toMatchObject({ code: -32600 });
    await client.notify("exit");
    expect(await client.exited).toBe(0);
  });
});

describe("encodings of positions", () => {
  const TEXT = "FROM a\nLABEL x=€😀 \\\n  y=é😀$V\nENV V=1\nLABEL z=é😀$V\n";

  test.each([
    [undefined, "utf-16", 12],
    [["utf-16"], "utf-16", 12],
    [["utf-8", "utf-16"], "utf-8", 15],
    [["utf-32", "utf-8"], "utf-32", 11],
    [["ebcdic"], "utf-16", 12],
  ])("offered %j it is %s", async (offered, kind, character) => {
    await using client = await TestClient.start({
      ...MODERN_CLIENT,
      ...(offered === undefined ? {} : { general: { positionEncodings: offered } }),
    });
    expect(client.initialized.capabilities.positionEncoding).toBe(kind);
    const uri = await client.open(TEXT);
    const position = { line: 4, character };
    const hover = await client.request<Hover>("textDocument/hover", { textDocument: { uri }, position });
    expect(hover.range).toEqual({ start: position, end: { line: 4, character: character + 1 } });
    // A change in the same units.
    const range = { start: { line: 4, character }, end: { line: 4, character: character + 1 } };
    await client.change(uri, 2, [{ range, text: "VV" }]);
    expect(await client.request("textDocument/hover", { textDocument: { uri }, position })).toBeNull();
    await client.change(uri, 3, [
      { range: { start: range.start, end: { line: 4, character: character + 2 } }, text: "V" },
    ]);
    expect(await client.request("textDocument/hover", { textDocument: { uri }, position })).toEqual(hover);
  });
});

describe("what is not as it should be", () => {
  test("unknown methods are refused, unknown notifications ignored, and the server goes on", async () => {
    await using client = await TestClient.start();
    await expect(client.request("textDocument/nothing", {})).rejects.toMatchObject({ code: -32601 });
    await client.notify("workspace/nothing", { x: 1 });
    await client.notify("$/nothing");
    const { result } = await client.ask("textDocument/hover", "FR‸OM a\n");
    expect(result).not.toBeNull();
  });

  test("malformed parameters are errors of the request", async () => {
    await using client = await TestClient.start();
    const uri = await client.open("FROM a\n");
    for (const method of ALL_ABOUT_A_PLACE) {
      for (const params of [
        {},
        { textDocument: 5 },
        { textDocument: { uri } },
        { textDocument: { uri }, position: { line: "1" } },
      ])
        await expect(client.request(method, params), method).rejects.toMatchObject({ code: -32602 });
    }
    for (const method of ALL_ABOUT_A_DOCUMENT)
      await expect(client.request(method, { textDocument: {} }), method).rejects.toMatchObject({
        code: -32602,
      });
    const rename = { textDocument: { uri }, position: { line: 0, character: 0 } };
    await expect(client.request("textDocument/rename", rename)).rejects.toThrow("There is no stage");
    await client.notify("textDocument/didOpen", {});
    await client.notify("textDocument/didChange", { textDocument: { uri, version: 2 }, contentChanges: "x" });
    const { result } = await client.ask("textDocument/hover", "FR‸OM a\n");
    expect(result).not.toBeNull();
  });

  test("documents that are not open have no answers", async () => {
    await using client = await TestClient.start();
    const params = {
      textDocument: { uri: "file:///nowhere" },
      position: { line: 0, character: 0 },
      newName: "x",
      context: { includeDeclaration: true },
    };
    for (const method of ALL_ABOUT_A_PLACE) expect(await client.request(method, params), method).toBeNull();
  });

  test("messages that cannot be read are skipped", async () => {
    await using client = await TestClient.start();
    const raw = (text: string): void => void client.child.stdin!.write(text);
    raw("Content-Length: 5\r\n\r\n{nope");
    raw("Content-Length: 4\r\n\r\nnull");
    raw("Content-Length: x\r\n\r\n");
    raw("No-Length: 1\r\n\r\n");
    raw("no colon\r\n\r\n");
    raw('Content-Length: -7\r\n\r\n{"jsonrpc":"2.0"}');
    raw(`Content-Length: 99999999999\r\n\r\n`);
    const { result } = await client.ask("textDocument/hover", "FR‸OM a\n");
    expect(result).not.toBeNull();
  });

  test("messages come in any pieces", async () => {
    await using client = await TestClient.start();
    const message = JSON.stringify({
      jsonrpc: "2.0",
      id: "pieces",
      method: "textDocument/hover",
      params: { x: "é€😀" },
    });
    const bytes = Buffer.from(
      `Content-Type: x\r\ncontent-length: ${Buffer.byteLength(message)}\r\n\r\n${message}`,
    );
    let output = "";
    client.child.stdout!.on("data", (data: Buffer) => (output += data.toString()));
    for (const byte of bytes) {
      client.child.stdin!.write(Buffer.from([byte]));
      await sleep(1);
    }
    await expect.poll(() => output, { timeout: 20_000 }).toContain('"id":"pieces","error":{"code":-32602');
  });

  test("places outside of the document are its ends", async () => {
    await using client = await TestClient.start();
    const uri = await client.open("FROM a\nRUN x");
    for (const [line, character] of [
      [99, 0],
      [0, 9999],
      [-1, -1],
      [1e9, 1e9],
      [0.5, 0.5],
    ] as const) {
      const params = { textDocument: { uri }, position: { line, character } };
      const { items } = await client.request<CompletionList>("textDocument/completion", params);
      expect(items).toBeDefined();
    }
  });

  test("requests that were cancelled in time say so", async () => {
    await using client = await TestClient.start();
    const uri = await client.open("FROM a\nRUN x $A\n".repeat(20_000));
    const source = new CancellationTokenSource();
    const first = client.request("textDocument/semanticTokens/full", { textDocument: { uri } });
    const second = client.connection.sendRequest(
      "textDocument/semanticTokens/full",
      { textDocument: { uri } },
      source.token,
    );
    source.cancel();
    await expect(second).rejects.toMatchObject({ code: -32800 });
    await first;
  });
});

describe("hostile documents", () => {
  test("any text, asked about anywhere, is answered", { timeout: 120_000 }, async () => {
    await using client = await TestClient.start();
    const pieces = fc.constantFrom(
      "FROM ", "from a AS b\n", "RUN ", "COPY --from=", "--mount=", "type=", ",", "=", "$", "${", "}", "\\\n", "\\", "`", "\n",
      "\r\n", "\r", "# ", "# escape=`\n", "# check=skip=", "<<EOF", "EOF\n", "<<'", "ONBUILD ", "ARG A", "ENV A=$A", '"', "'",
      "[", "]", "\u0000", "\uFEFF", "😀", "\uD800", "\t", "HEALTHCHECK CMD ", "__proto__", "constructor", "a".repeat(300),
    ); // prettier-ignore
    let count = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(pieces, { maxLength: 25 }), fc.nat(400), async (parts, at) => {
        const text = parts.join("");
        const uri = `file:///hostile/${count++}`;
        await client.open(text, uri);
        const before = text.slice(0, at);
        const line = before.split("\n").length - 1;
        const position = { line, character: before.length - (before.lastIndexOf("\n") + 1) };
        const textDocument = { uri };
        const range = { start: { line: 0, character: 0 }, end: position };
        const params = {
          textDocument,
          position,
          range,
          options: {},
          context: { includeDeclaration: true, diagnostics: [] },
        };
        const methods = [
          ...ALL_ABOUT_A_PLACE.filter((method) => method !== "textDocument/rename"),
          ...ALL_ABOUT_A_DOCUMENT,
          "textDocument/codeAction",
          "textDocument/rangeFormatting",
        ];
        await Promise.all(methods.map((method) => client.request(method, params)));
        await client
          .request("textDocument/rename", { ...params, newName: "other" })
          .catch((error: { code: number }) => expect(error.code).toBe(-32803));
        await client.diagnostics(uri);
        await client.notify("textDocument/didClose", { textDocument });
      }),
      { numRuns: 150 },
    );
    expect(client.stderr).toBe("");
  });

  test(
    "a file of 100,000 lines is read in seconds, and answers come while it is changed",
    { timeout: 120_000 },
    async () => {
      await using client = await TestClient.start();
      const lines = ["FROM alpine:3.22 AS base", "ARG V=1"];
      for (let line = 0; line < 99_996; line++)
        lines.push(
          line % 50 === 0 ? `ENV A${line}=$V` : line % 7 === 0 ? "# a comment" : `RUN echo ${line} $V`,
        );
      const text = lines.join("\n");
      const startMs = performance.now();
      const uri = await client.open(text);
      await client.diagnostics(uri);
      const openMs = performance.now() - startMs;
      const editMs = performance.now();
      const at = { line: 50_000, character: 0 };
      for (let version = 2; version < 30; version++)
        await client.change(uri, version, [{ range: { start: at, end: at }, text: "x" }]);
      const position = { line: 99_990, character: 1 };
      const hover = await client.request<Hover>("textDocument/hover", { textDocument: { uri }, position });
      const answerMs = performance.now() - editMs;
      expect(hover).not.toBeUndefined();
      expect(openMs).toBeLessThan(20_000);
      expect(answerMs).toBeLessThan(10_000);
    },
  );
});
