import {
  type CancellationToken,
  ErrorCodes,
  LSPErrorCodes,
  type Position,
  type Range,
  ResponseError,
  type TextDocumentIdentifier,
} from "vscode-languageserver";
import type { LanguageTools } from "../analysis/language-tools.ts";
import type { DockerfileDocument } from "../documents/dockerfile-document.ts";
import type { ClientOptions } from "./client-options.ts";

/** What features answer from. */
export interface RequestContext {
  readonly client: ClientOptions;
  readonly tools: LanguageTools;
  readonly find: (uri: string) => DockerfileDocument | undefined;
}

/** What a guard asks its server. */
export interface GuardHost {
  /** Undefined before `initialize` and after `shutdown`. */
  readonly context: () => RequestContext | undefined;
  readonly isShutDown: () => boolean;
  readonly failed: (error: unknown) => void;
}

type DocumentParams = { readonly textDocument: TextDocumentIdentifier };
type DocumentContext = RequestContext & { readonly document: DockerfileDocument };
type Answer<Result> = Result | ResponseError<void>;

/** Keeps requests that cannot be answered from features: at the wrong time, cancelled, malformed, of unknown documents. */
export class RequestGuard {
  readonly #host: GuardHost;

  constructor(host: GuardHost) {
    this.#host = host;
  }

  /** For requests about a document. Null when the client has not opened it. */
  document<Params extends DocumentParams, Result>(
    handler: (params: Params, context: DocumentContext) => Result,
  ): (params: Params, token: CancellationToken) => Answer<Result | null> {
    return this.required<Params, Result | null>(handler, null);
  }

  /** Like `document`, for requests about a place in it. */
  place<Params extends DocumentParams & { readonly position: Position }, Result>(
    handler: (params: Params, context: DocumentContext) => Result,
  ): (params: Params, token: CancellationToken) => Answer<Result | null> {
    return this.document<Params, Result>((params, context) => {
      if (!isPosition(params.position)) throw invalid("position has to have a line and a character");
      return handler(params, context);
    });
  }

  /** Like `document`, for requests about a part of it. */
  range<Params extends DocumentParams & { readonly range: Range }, Result>(
    handler: (params: Params, context: DocumentContext) => Result,
  ): (params: Params, token: CancellationToken) => Answer<Result | null> {
    return this.document<Params, Result>((params, context) => {
      const { start, end }: Partial<Range> = params.range ?? {};
      if (!isPosition(start) || !isPosition(end)) throw invalid("range has to have a start and an end");
      return handler(params, context);
    });
  }

  /** Like `document`, for requests whose answer cannot be null. */
  required<Params extends DocumentParams, Result>(
    handler: (params: Params, context: DocumentContext) => Result,
    otherwise: Result,
  ): (params: Params, token: CancellationToken) => Answer<Result> {
    return this.plain((params: Params, context) => {
      const uri: unknown = params?.textDocument?.uri;
      if (typeof uri !== "string") throw invalid("textDocument.uri has to be a string");
      const document = context.find(uri);
      return document === undefined ? otherwise : handler(params, { ...context, document });
    });
  }

  plain<Params, Result>(
    handler: (params: Params, context: RequestContext) => Result,
  ): (params: Params, token: CancellationToken) => Answer<Result> {
    return (params, token) => {
      const context = this.#host.context();
      if (context === undefined) {
        return this.#host.isShutDown()
          ? new ResponseError(ErrorCodes.InvalidRequest, "the server has been shut down")
          : new ResponseError(ErrorCodes.ServerNotInitialized, "the server waits for initialize");
      }
      // Requests wait while others are answered; the client may have lost interest since.
      if (token.isCancellationRequested)
        return new ResponseError(LSPErrorCodes.RequestCancelled, "the request was cancelled");
      try {
        return handler(params, context);
      } catch (error) {
        if (error instanceof ResponseError) return error as ResponseError<void>;
        this.#host.failed(error);
        const message = error instanceof Error ? error.message : String(error);
        return new ResponseError(ErrorCodes.InternalError, `the request failed: ${message}`);
      }
    };
  }
}

function invalid(message: string): ResponseError<void> {
  return new ResponseError(ErrorCodes.InvalidParams, message);
}

function isPosition(value: unknown): boolean {
  const { line, character } = (value ?? {}) as { line?: unknown; character?: unknown };
  return typeof line === "number" && typeof character === "number";
}
