import type { Readable, Writable } from "node:stream";
import {
  type Connection,
  createConnection,
  ErrorCodes,
  type InitializeParams,
  type InitializeResult,
  type Logger,
  type ProtocolConnection,
  ResponseError,
  TextDocuments,
  type WatchDog,
} from "vscode-languageserver";
import { createProtocolConnection, StreamMessageWriter } from "vscode-languageserver/node";
import { createLanguageTools } from "../analysis/language-tools.ts";
import { DockerfileDocument, type DocumentSetting } from "../documents/dockerfile-document.ts";
import { negotiateEncoding } from "../documents/position-encoding.ts";
import { filePath } from "../analysis/fragment-files.ts";
import { serverCapabilities } from "./capabilities.ts";
import { clientOptions, type ClientOptions } from "./client-options.ts";
import { DiagnosticsPublisher } from "./diagnostics-publisher.ts";
import { FileWatcher } from "./file-watcher.ts";
import { registerFeatures } from "./language-features.ts";
import { FramedMessageReader } from "./framed-message-reader.ts";
import { watchProcess } from "./parent-process.ts";
import { RequestGuard } from "./request-guard.ts";

export interface ServeOptions {
  /** Messages of the client, as the base protocol frames them. */
  readonly input: Readable;
  /** Messages to the client; nobody else may write to it. */
  readonly output: Writable;
  /** The server's version, for the client's information. */
  readonly version: string;
  /** Told of what went wrong, in sentences without a line end. */
  readonly log?: (message: string) => void;
}

/** What is known since `initialize`. */
interface Session {
  readonly client: ClientOptions;
  readonly setting: DocumentSetting;
}

/**
 * Serves one client of the Language Server Protocol until it says `exit`, closes its end, or its process is gone.
 * @returns the exit status: 0 after an orderly `shutdown`, else 1
 */
export function serveLanguage(options: ServeOptions): Promise<number> {
  return new Promise((resolve) => new LanguageServer(options, resolve).start());
}

class LanguageServer {
  readonly #options: ServeOptions;
  readonly #end: (status: number) => void;
  readonly #documents: TextDocuments<DockerfileDocument>;
  readonly #connection: Connection;
  readonly #publisher: DiagnosticsPublisher;
  readonly #watcher: FileWatcher;
  readonly #tools = createLanguageTools();
  #session: Session | undefined;
  #stopWatching: () => void = () => undefined;
  #isShutDown = false;
  /** Grows with every message and every publication: what was read from files before may have changed. */
  #epoch = 0;
  #hasEnded = false;

  constructor(options: ServeOptions, end: (status: number) => void) {
    this.#options = options;
    this.#end = end;
    this.#documents = new TextDocuments<DockerfileDocument>({
      create: (uri, _languageId, version, text) =>
        new DockerfileDocument({ uri, version, text }, this.#setting),
      update: (document, changes, version) => document.changed(changes, version),
    });
    this.#connection = createConnection((logger) => this.#connect(logger), this.#watchDog());
    this.#watcher = new FileWatcher(this.#connection, (error) => this.#failed(error));
    this.#publisher = new DiagnosticsPublisher({
      client: () => {
        this.#epoch++;
        return this.#session?.client;
      },
      find: (uri) => this.#documents.get(uri),
      all: () => this.#documents.all(),
      watch: (files) => {
        if (this.#session?.client.watching === true) this.#watcher.watch(files);
      },
      send: (params) => void this.#connection.sendDiagnostics(params).catch(() => undefined),
      failed: (error) => this.#failed(error),
    });
  }

  start(): void {
    const connection = this.#connection;
    connection.onInitialize((params) => this.#initialize(params));
    connection.onShutdown(() => this.#publisher.stop());
    const guard = new RequestGuard({
      context: () => this.#context(),
      isShutDown: () => this.#isShutDown,
      failed: (error) => this.#failed(error),
    });
    registerFeatures(connection, guard);
    this.#documents.onDidChangeContent(({ document }) => this.#publisher.changed(document.uri));
    this.#documents.onDidClose(({ document }) => this.#publisher.closed(document.uri));
    // Whoever saves a file may have written others, too.
    this.#documents.onDidSave(() => this.#filesChanged(() => true));
    connection.onDidChangeWatchedFiles(({ changes }) => {
      const files = new Set(changes.map(({ uri }) => filePath(uri)));
      this.#filesChanged((file) => files.has(file));
    });
    this.#documents.listen(connection);
    connection.listen();
  }

  #filesChanged(counts: (file: string) => boolean): void {
    this.#epoch++;
    this.#publisher.filesChanged(counts);
  }

  #connect(logger: Logger): ProtocolConnection {
    const { input, output } = this.#options;
    const connection = createProtocolConnection(
      new FramedMessageReader(input),
      new StreamMessageWriter(output),
      logger,
    );
    // A message that cannot be read is lost; the next one may be good.
    connection.onError(([error]) => this.#failed(error));
    const gone = (): void => this.#finish(this.#isShutDown ? 0 : 1);
    connection.onClose(gone);
    input.on("end", gone);
    input.on("close", gone);
    output.on("error", gone);
    output.on("close", gone);
    return connection;
  }

  #watchDog(): WatchDog {
    const isShutDown = (): boolean => this.#isShutDown;
    const shutDown = (value: boolean): void => void (this.#isShutDown = value);
    return {
      get shutdownReceived() {
        return isShutDown();
      },
      set shutdownReceived(value) {
        shutDown(value);
      },
      initialize: ({ processId }) => {
        this.#stopWatching();
        if (typeof processId === "number")
          this.#stopWatching = watchProcess(processId, () => this.#finish(this.#isShutDown ? 0 : 1));
      },
      exit: (status) => this.#finish(status),
    };
  }

  #initialize(params: InitializeParams): InitializeResult | ResponseError<{ retry: boolean }> {
    if (this.#session !== undefined)
      return new ResponseError(ErrorCodes.InvalidRequest, "the server is initialized already", {
        retry: false,
      });
    const client = clientOptions(params);
    const encoding = negotiateEncoding(params.capabilities?.general?.positionEncodings);
    const tools = this.#tools;
    const find = (file: string) => this.#documents.all().find(({ path }) => path === file);
    const fragments = { find, folders: client.folders, epoch: () => this.#epoch };
    this.#session = { client, setting: { encoding, tools, fragments } };
    return {
      capabilities: serverCapabilities({ encoding, client }),
      serverInfo: { name: "slipway", version: this.#options.version },
    };
  }

  /** What documents are made with; whoever opens some before `initialize` gets the defaults. */
  get #setting(): DocumentSetting {
    return this.#session?.setting ?? { encoding: negotiateEncoding(undefined), tools: this.#tools };
  }

  #context() {
    this.#epoch++;
    if (this.#session === undefined || this.#isShutDown) return undefined;
    return {
      client: this.#session.client,
      tools: this.#tools,
      find: (uri: string) => this.#documents.get(uri),
    };
  }

  #failed(error: unknown): void {
    this.#options.log?.(error instanceof Error ? (error.stack ?? error.message) : String(error));
  }

  #finish(status: number): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#stopWatching();
    this.#publisher.stop();
    this.#end(status);
  }
}
