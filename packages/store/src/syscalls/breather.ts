import { setImmediate as nextTurn } from "node:timers/promises";

const SLICE_MS = 8;

/**
 * Keeps long synchronous work polite: call `due()` in the loop and `await rest()` when it says so. The event loop
 * gets a turn every few milliseconds, and an abort is noticed there. Synchronous calls in slices are several times
 * faster than the promises of `fs`, and short jobs never pay for a worker's start.
 */
export class Breather {
  readonly #signal: AbortSignal | undefined;
  #until: number;
  #count = 0;

  constructor(signal?: AbortSignal) {
    this.#signal = signal;
    this.#until = Date.now() + SLICE_MS;
  }

  due(): boolean {
    // Reading the clock costs as much as a cheap system call.
    return (++this.#count & 15) === 0 && Date.now() >= this.#until;
  }

  async rest(): Promise<void> {
    await nextTurn();
    this.#signal?.throwIfAborted();
    this.#until = Date.now() + SLICE_MS;
  }
}
