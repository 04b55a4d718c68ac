import type { ProgressEvent } from "@slipway/engine-sdk";
import type { Display } from "./display.ts";
import type { Trace } from "./trace.ts";

/** Shows nothing; remembers what the report of a failure needs. */
export class QuietDisplay implements Display {
  readonly #trace: Trace;

  constructor(options: { trace: Trace }) {
    this.#trace = options.trace;
  }

  event(event: ProgressEvent): void {
    this.#trace.apply(event);
  }

  note(): void {
    // Quiet.
  }

  close(): void {
    // Nothing was opened.
  }
}
