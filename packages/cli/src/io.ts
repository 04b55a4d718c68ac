import type { Readable, Writable } from "node:stream";

/** A stream that may be a terminal. */
export interface TerminalStream extends Writable {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

/** Everything that the command line touches of the process that it runs in. Tests bring their own. */
export interface CliIo {
  readonly stdin: Readable & { readonly isTTY?: boolean };
  /** Results only: a digest, an archive, a report. */
  readonly stdout: TerminalStream;
  /** Progress, warnings and errors. */
  readonly stderr: TerminalStream;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absolute. */
  readonly cwd: string;
  /** Listens for signals until the returned function is called. */
  onSignal(name: NodeJS.Signals, handler: () => void): () => void;
  /** Calls back just before the process ends, however it ends; synchronous work only. */
  onExit(handler: () => void): () => void;
  /** Ends the process at once. */
  exit(status: number): void;
}

/** The real process. */
export function processIo(): CliIo {
  for (const stream of [process.stdout, process.stderr]) {
    // Whoever writes results waits for each write and learns of its failure there. A reader that has gone away
    // (`slipway … | head`) must not end the process by an error that nobody listens to.
    stream.on("error", () => undefined);
  }
  return {
    stdin: process.stdin,
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    cwd: process.cwd(),
    onSignal(name, handler) {
      process.on(name, handler);
      return () => process.off(name, handler);
    },
    onExit(handler) {
      process.once("exit", handler);
      return () => process.off("exit", handler);
    },
    exit: (status) => process.exit(status),
  };
}
