import { setImmediate } from "node:timers/promises";
import type { Diagnostic, PublishDiagnosticsParams } from "vscode-languageserver";
import { filePath } from "../analysis/fragment-files.ts";
import type { DockerfileDocument } from "../documents/dockerfile-document.ts";
import { diagnostics, fragmentDiagnostics } from "../features/diagnostics.ts";
import type { ClientOptions } from "./client-options.ts";

/** How long typing has to pause. */
const MIN_DELAY_MS = 150;
const MAX_DELAY_MS = 2000;
/** What people begin to notice. */
const LONG_MS = 50;

const NO_FILES: ReadonlySet<string> = new Set();

/** What the publisher needs of its server. */
export interface PublisherHost {
  /** Undefined before `initialize`. */
  readonly client: () => ClientOptions | undefined;
  /** The document as it is now; undefined when it is closed. */
  readonly find: (uri: string) => DockerfileDocument | undefined;
  /** All documents that are open. */
  readonly all: () => readonly DockerfileDocument[];
  /** Told which files documents were made with, whenever that changes. */
  readonly watch: (files: ReadonlySet<string>) => void;
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
  /** Scheduled ones that have changed. */
  readonly #news = new Set<string>();
  /** By documents: the files that were looked for as fragments of it when it was last published. */
  readonly #files = new Map<string, ReadonlySet<string>>();

  constructor(host: PublisherHost) {
    this.#host = host;
  }

  /** A document was opened, which is shown at once, or changed. What includes it may be right or wrong now. */
  changed(uri: string): void {
    this.#schedule(uri);
    const file = filePath(uri);
    if (file !== undefined) this.filesChanged((each) => each === file);
  }

  /** A document was closed: nothing is said of it any more. Its file counts from now on. */
  closed(uri: string): void {
    clearTimeout(this.#timers.get(uri));
    this.#timers.delete(uri);
    this.#delaysMs.delete(uri);
    this.#host.send({ uri, diagnostics: [] });
    this.#remember(uri, NO_FILES);
    const file = filePath(uri);
    if (file !== undefined) this.filesChanged((each) => each === file);
  }

  /** Files may have changed: those who include one that counts are published again. */
  filesChanged(counts: (file: string) => boolean): void {
    for (const [uri, files] of this.#files) if ([...files].some(counts)) this.#schedule(uri);
  }

  /** @param isNews false when nothing but what others say of it has changed, of which they know */
  #schedule(uri: string, { isNews = true } = {}): void {
    if (isNews) this.#news.add(uri);
    clearTimeout(this.#timers.get(uri));
    const timer = setTimeout(() => void this.#publish(uri), this.#delaysMs.get(uri) ?? 0);
    this.#timers.set(uri, timer);
  }

  /** Takes down which files a document includes, and has those that are open published anew. */
  #remember(uri: string, files: ReadonlySet<string>, { isNews = true } = {}): void {
    const before = this.#files.get(uri) ?? NO_FILES;
    if (before.size === 0 && files.size === 0) return;
    if (files.size === 0) this.#files.delete(uri);
    else this.#files.set(uri, files);
    for (const { path, uri: other } of isNews ? this.#host.all() : []) {
      const isIncluded = path !== undefined && (before.has(path) || files.has(path));
      if (other !== uri && isIncluded) this.#schedule(other, { isNews: false });
    }
    this.#host.watch(new Set([...this.#files.values()].flatMap((each) => [...each])));
  }

  /** The open documents that include another one; what includes each other is no fragment. */
  #includers({ path, uri, analysis }: DockerfileDocument): readonly DockerfileDocument[] {
    if (path === undefined) return [];
    return [...this.#files].flatMap(([other, files]) => {
      const document = other === uri || !files.has(path) ? undefined : this.#host.find(other);
      if (document?.path === undefined || analysis.fragments?.includes(document.path) === true) return [];
      return document.analysis.fragments?.includes(path) === true ? [document] : [];
    });
  }

  /** Forgets what was to be sent. */
  stop(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }

  async #publish(uri: string): Promise<void> {
    this.#timers.delete(uri);
    const isNews = this.#news.delete(uri);
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
      this.#remember(uri, document.analysis.fragments?.paths ?? NO_FILES, { isNews });
      const isOpen = (other: string): boolean => this.#host.find(other) !== undefined;
      const checkedMs = elapsed(() => {
        const includers = this.#includers(document);
        found =
          includers.length > 0
            ? fragmentDiagnostics(document, includers, client)
            : diagnostics(document, client, { isOpen });
      });
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
