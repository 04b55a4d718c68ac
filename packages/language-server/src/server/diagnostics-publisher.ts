import { setImmediate } from "node:timers/promises";
import type { Diagnostic, PublishDiagnosticsParams } from "vscode-languageserver";
import type { DockerfileDocument } from "../documents/dockerfile-document.ts";
import { diagnostics } from "../features/diagnostics.ts";
import type { ClientOptions } from "./client-options.ts";

/** How long typing has to pause. */
const MIN_DELAY_MS = 150;
const MAX_DELAY_MS = 2000;
/** What people begin to notice. */
const LONG_MS = 50;

/** What the publisher needs of its server. */
export interface PublisherHost {
  /** Undefined before `initialize`. */
  readonly client: () => ClientOptions | undefined;
  /** The document as it is now; undefined when it is closed. */
  readonly find: (uri: string) => DockerfileDocument | undefined;
  readonly send: (params: PublishDiagnosticsParams) => void;
  readonly failed: (error: unknown) => void;
}

/**
 * Tells the client what is wrong with documents, when they have not changed for a moment. The moment is longer for
 * documents that take long, so that typing in a huge file does not wait for them.
 */
export class DiagnosticsPublisher {
  readonly #host: PublisherHost;
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #delaysMs = new Map<string, number>();

  constructor(host: PublisherHost) {
    this.#host = host;
  }

  /** A document was opened, which is shown at once, or changed. */
  changed(uri: string): void {
    clearTimeout(this.#timers.get(uri));
    const timer = setTimeout(() => void this.#publish(uri), this.#delaysMs.get(uri) ?? 0);
    this.#timers.set(uri, timer);
  }

  /** A document was closed: nothing is said of it any more. */
  closed(uri: string): void {
    clearTimeout(this.#timers.get(uri));
    this.#timers.delete(uri);
    this.#delaysMs.delete(uri);
    this.#host.send({ uri, diagnostics: [] });
  }

  /** Forgets what was to be sent. */
  stop(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }

  async #publish(uri: string): Promise<void> {
    this.#timers.delete(uri);
    const document = this.#host.find(uri);
    const client = this.#host.client();
    if (document === undefined || client === undefined) return;
    try {
      const parsedMs = elapsed(() => document.analysis);
      if (parsedMs > LONG_MS) {
        // Requests that wait come first; a change makes the rest needless.
        await setImmediate();
        if (this.#host.find(uri) !== document) return;
      }
      let found: readonly Diagnostic[] = [];
      const checkedMs = elapsed(() => (found = diagnostics(document, client)));
      this.#delaysMs.set(uri, Math.min(MAX_DELAY_MS, Math.max(MIN_DELAY_MS, (parsedMs + checkedMs) * 2)));
      this.#host.send({
        uri,
        ...(client.diagnosticVersions ? { version: document.version } : {}),
        diagnostics: [...found],
      });
    } catch (error) {
      this.#host.failed(error);
    }
  }
}

function elapsed(work: () => unknown): number {
  const startedMs = performance.now();
  work();
  return performance.now() - startedMs;
}
