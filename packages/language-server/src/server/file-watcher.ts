import { pathToFileURL } from "node:url";
import { type Connection, DidChangeWatchedFilesNotification, type Disposable } from "vscode-languageserver";

/** Has the client watch files for as long as they are fragments of open documents. */
export class FileWatcher {
  readonly #connection: Connection;
  readonly #failed: (error: unknown) => void;
  #files: ReadonlySet<string> = new Set();
  /** What was asked of the client goes through in order. */
  #work: Promise<Disposable | undefined> = Promise.resolve(undefined);

  constructor(connection: Connection, failed: (error: unknown) => void) {
    this.#connection = connection;
    this.#failed = failed;
  }

  /** @param files absolute paths; all that are to be watched from now on */
  watch(files: ReadonlySet<string>): void {
    if (files.size === this.#files.size && [...files].every((file) => this.#files.has(file))) return;
    this.#files = files;
    this.#work = this.#work.then(async (before) => {
      try {
        before?.dispose();
        if (files.size === 0) return undefined;
        return await this.#connection.client.register(DidChangeWatchedFilesNotification.type, {
          watchers: [...files].map((file) => ({ globPattern: globOf(file) })),
        });
      } catch (error) {
        this.#failed(error);
        return undefined;
      }
    });
  }
}

/** A pattern that only one path fits. */
function globOf(file: string): string {
  const slashed = process.platform === "win32" ? pathToFileURL(file).pathname.slice(1) : file;
  return slashed.replace(/[*?{}[\]]/g, "?");
}
