import type { ProgressEvent } from "@slipway/engine-sdk";

/** Shows the progress of one build. Never throws, also not when nobody reads it any more. */
export interface Display {
  /** Takes the next event. */
  event(event: ProgressEvent): void;
  /** Says something beside the steps, for example that the build is being stopped. */
  note(text: string): void;
  /** Shows the final state and gives the terminal back. Does nothing the second time. */
  close(): void;
}

/** Time as displays see it; tests bring their own. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls back again and again until the returned function is called; does not keep the process alive. */
  every(intervalMs: number, tick: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  every(intervalMs, tick) {
    const timer = setInterval(tick, intervalMs);
    timer.unref();
    return () => clearInterval(timer);
  },
};
