import { type ChildProcess, spawn } from "node:child_process";
import path from "node:path";
import {
  type ClientCapabilities,
  createProtocolConnection,
  type Diagnostic,
  type InitializeResult,
  type Position,
  type ProtocolConnection,
  type PublishDiagnosticsParams,
  type Range,
  StreamMessageReader,
  StreamMessageWriter,
  type TextEdit,
  type WorkspaceEdit,
} from "vscode-languageserver/node";

const LAUNCHER = path.resolve(import.meta.dirname, "../../cli/bin/slipway.js");

/** A client that can do all that the server makes use of. */
export const MODERN_CLIENT: ClientCapabilities = {
  workspace: { workspaceEdit: { documentChanges: true } },
  textDocument: {
    hover: { contentFormat: ["markdown", "plaintext"] },
    completion: {
      completionItem: {
        snippetSupport: true,
        documentationFormat: ["markdown"],
        tagSupport: { valueSet: [1] },
      },
    },
    documentSymbol: { hierarchicalDocumentSymbolSupport: true },
    codeAction: { codeActionLiteralSupport: { codeActionKind: { valueSet: ["quickfix", "source.fixAll"] } } },
    rename: { prepareSupport: true },
    publishDiagnostics: {
      codeDescriptionSupport: true,
      versionSupport: true,
      relatedInformation: true,
      tagSupport: { valueSet: [1, 2] },
    },
  },
};

/** A text whose `‸` marks are taken out, and where they were. */
export interface Marked {
  readonly text: string;
  readonly positions: readonly Position[];
}

/** Takes `‸` out of a text. */
export function marked(text: string): Marked {
  const positions: Position[] = [];
  let clean = "";
  for (const [index, part] of text.split("‸").entries()) {
    if (index > 0) {
      const lines = clean.split("\n");
      positions.push({ line: lines.length - 1, character: lines.at(-1)!.length });
    }
    clean += part;
  }
  return { text: clean, positions };
}

/** The part of a text that a range, in UTF-16, names. */
export function textIn(text: string, { start, end }: Range): string {
  const offset = ({ line, character }: Position): number =>
    text
      .split("\n")
      .slice(0, line)
      .reduce((sum, each) => sum + each.length + 1, 0) + character;
  return text.slice(offset(start), offset(end));
}

/** A text after edits, the last one first, as clients apply them. */
export function applied(text: string, edits: readonly TextEdit[]): string {
  const order = edits.toSorted(
    (a, b) => b.range.start.line - a.range.start.line || b.range.start.character - a.range.start.character,
  );
  return order.reduce((result, { range, newText }) => {
    const start = textIn(result, { start: { line: 0, character: 0 }, end: range.start }).length;
    return result.slice(0, start) + newText + result.slice(start + textIn(result, range).length);
  }, text);
}

/** The edits of a workspace edit that is for one document. */
export function editsOf(edit: WorkspaceEdit | null | undefined): TextEdit[] {
  const [change] = edit?.documentChanges ?? [];
  if (change !== undefined && "edits" in change) return change.edits as TextEdit[];
  return Object.values(edit?.changes ?? {}).flat();
}

/** `slipway lsp` from the sources, and a client that speaks to it over its stdin and stdout. */
export class TestClient implements AsyncDisposable {
  readonly child: ChildProcess;
  readonly connection: ProtocolConnection;
  readonly published: PublishDiagnosticsParams[] = [];
  /** What the server has printed to stderr. */
  stderr = "";
  readonly exited: Promise<number | null>;
  #initialized: InitializeResult | undefined;
  #waiting: (() => void)[] = [];
  #count = 0;

  /** @param launcher that of the sources when it is not given */
  constructor(launcher = LAUNCHER) {
    this.child = spawn(process.execPath, [launcher, "lsp", "--stdio"], { stdio: ["pipe", "pipe", "pipe"] });
    this.child.stderr!.on("data", (data: Buffer) => (this.stderr += data.toString()));
    this.exited = new Promise((resolve) => this.child.on("exit", (code) => resolve(code)));
    this.connection = createProtocolConnection(
      new StreamMessageReader(this.child.stdout!),
      new StreamMessageWriter(this.child.stdin!),
    );
    this.connection.onNotification("textDocument/publishDiagnostics", (params: PublishDiagnosticsParams) => {
      this.published.push(params);
      for (const wake of this.#waiting.splice(0)) wake();
    });
    this.connection.listen();
  }

  /** Starts a server and introduces the client. */
  static async start(
    capabilities: ClientCapabilities = MODERN_CLIENT,
    launcher?: string,
  ): Promise<TestClient> {
    const client = new TestClient(launcher);
    await client.initialize(capabilities);
    return client;
  }

  /** @param more other parameters, such as the folders that are open */
  async initialize(capabilities: ClientCapabilities, more: object = {}): Promise<InitializeResult> {
    this.#initialized = await this.request<InitializeResult>("initialize", {
      processId: process.pid,
      rootUri: null,
      capabilities,
      ...more,
    });
    await this.notify("initialized", {});
    return this.#initialized;
  }

  get initialized(): InitializeResult {
    return this.#initialized!;
  }

  request<Result>(method: string, params?: unknown): Promise<Result> {
    return this.connection.sendRequest(method, params);
  }

  notify(method: string, params?: unknown): Promise<void> {
    return this.connection.sendNotification(method, params);
  }

  /** Opens a text and gives its URI. */
  async open(text: string, uri = `file:///work/${++this.#count}/Dockerfile`): Promise<string> {
    await this.notify("textDocument/didOpen", {
      textDocument: { uri, languageId: "dockerfile", version: 1, text },
    });
    return uri;
  }

  change(uri: string, version: number, contentChanges: readonly object[]): Promise<void> {
    return this.notify("textDocument/didChange", { textDocument: { uri, version }, contentChanges });
  }

  /** Opens a text with one mark and asks about that place. */
  async ask<Result>(
    method: string,
    text: string,
    more: object = {},
  ): Promise<{ result: Result; text: string; uri: string }> {
    const { text: clean, positions } = marked(text);
    const uri = await this.open(clean);
    const result = await this.request<Result>(method, {
      textDocument: { uri },
      position: positions[0],
      ...more,
    });
    return { result, text: clean, uri };
  }

  /** What the server has said of a document, in this version or a later one. */
  async diagnostics(uri: string, version = 1): Promise<readonly Diagnostic[]> {
    for (;;) {
      const found = this.published.findLast((each) => each.uri === uri && (each.version ?? 0) >= version);
      if (found !== undefined) return found.diagnostics;
      await this.nextPublished();
    }
  }

  nextPublished(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Says goodbye and gives the exit status. */
  async stop(): Promise<number | null> {
    if (this.child.exitCode === null) {
      await this.request("shutdown");
      await this.notify("exit");
    }
    const status = await this.exited;
    this.connection.dispose();
    return status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}
