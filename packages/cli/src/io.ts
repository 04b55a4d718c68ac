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
  /** Absolute. Throws when somebody has deleted it. */
  readonly cwd: string;
  /** Listens for signals until the returned function is called. */
  onSignal(name: NodeJS.Signals, handler: () => void): () => void;
  /** Calls back just before the process ends, however it ends; synchronous work only. */
  onExit(handler: () => void): () => void;
  /** Waits until what was written has left the process. */
  flush?(): Promise<void>;
  /** Ends the process at once. */
  exit(status: number): void;
}

/** The real process. Streams are made when they are asked for: that takes milliseconds, and few commands need all. */
export function processIo(): CliIo {
  const used = new Set<TerminalStream>();
  const watched = (stream: TerminalStream): TerminalStream => {
    if (used.has(stream)) return stream;
    used.add(stream);
    // Whoever writes results waits for each write and learns of its failure there. A reader that has gone away
    // (`slipway … | head`) must not end the process by an error that nobody listens to.
    stream.on("error", () => undefined);
    return stream;
  };
  return {
    get stdin() {
      return process.stdin;
    },
    get stdout() {
      return watched(process.stdout);
    },
    get stderr() {
      return watched(process.stderr);
    },
    env: process.env,
    get cwd() {
      return process.cwd();
    },
    onSignal(name, handler) {
      process.on(name, handler);
      return () => process.off(name, handler);
    },
    onExit(handler) {
      process.once("exit", handler);
      return () => process.off("exit", handler);
    },
    exit: (status) => process.exit(status),
    async flush() {
      await Promise.all([...used].map(flushed));
    },
  };
}

function flushed(stream: TerminalStream): Promise<void> {
  return new Promise((resolve) => {
    if (stream.destroyed || stream.writableLength === 0) resolve();
    else stream.write("", () => resolve());
  });
}
