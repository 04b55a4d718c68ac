import type { CliIo } from "./io.ts";

/** The person (or the system) asked to stop. The reason of the abort signal of every command. */
export class InterruptedError extends Error {
  readonly exitStatus: number;

  constructor(signalName: string, exitStatus: number) {
    super(`interrupted by ${signalName}`);
    this.name = "AbortError";
    this.exitStatus = exitStatus;
  }
}

const EXIT_STATUSES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

// npm, npx and the launcher on an old Node forward the Ctrl-C that the terminal has sent to us already.
const SAME_KEYSTROKE_MS = 150;

export interface Interrupts {
  readonly signal: AbortSignal;
  /** Set once the first signal has come. */
  readonly interrupted: InterruptedError | undefined;
  dispose(): void;
}

/**
 * Turns SIGINT, SIGTERM and SIGHUP into an abort. The first one aborts, so that everything can end cleanly; a second
 * one ends the process at once.
 */
export function catchInterrupts(
  io: CliIo,
  options: { onFirst?: () => void; now?: () => number } = {},
): Interrupts {
  const controller = new AbortController();
  const now = options.now ?? (() => performance.now());
  let interrupted: InterruptedError | undefined;
  let firstMs = 0;
  const unsubscribe = (Object.keys(EXIT_STATUSES) as (keyof typeof EXIT_STATUSES)[]).map((name) =>
    io.onSignal(name, () => {
      if (interrupted === undefined) {
        firstMs = now();
        interrupted = new InterruptedError(name, EXIT_STATUSES[name]);
        options.onFirst?.();
        controller.abort(interrupted);
      } else if (now() - firstMs > SAME_KEYSTROKE_MS) {
        io.exit(interrupted.exitStatus);
      }
    }),
  );
  return {
    signal: controller.signal,
    get interrupted() {
      return interrupted;
    },
    dispose: () => unsubscribe.forEach((off) => off()),
  };
}

/**
 * Runs work that signals abort. When it fails after a signal, whatever it says, the interruption is the reason.
 * @throws InterruptedError
 */
export async function interruptible<T>(io: CliIo, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const interrupts = catchInterrupts(io);
  try {
    return await work(interrupts.signal);
  } catch (error) {
    throw interrupts.interrupted ?? error;
  } finally {
    interrupts.dispose();
  }
}
