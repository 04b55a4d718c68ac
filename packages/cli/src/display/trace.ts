import type { ProgressEvent, StatusEvent, WarningEvent } from "@slipway/engine-sdk";
import type { Digest } from "@slipway/oci";
import { LineSplitter, type OutputLine } from "./line-splitter.ts";

/** Lines of output that are kept of each step: what a failed step shows, and more than the terminal shows. */
const TAIL_LINES = 20;

/** What is known of one vertex. */
export interface Step {
  readonly digest: Digest;
  name: string;
  cached: boolean;
  startedMs?: number;
  completedMs?: number;
  error?: string;
  /** In the order of their appearance. */
  readonly statuses: Map<string, StatusEvent>;
  /** The last complete lines of output, oldest first. */
  readonly tail: OutputLine[];
  /** Keeps lines that are not complete yet, for both streams. */
  readonly splitter: LineSplitter;
}

/** What one event changed. */
export interface TraceChange {
  readonly step?: Step;
  /** Lines that became complete. */
  readonly lines: readonly OutputLine[];
  readonly status?: StatusEvent;
  readonly warning?: WarningEvent;
}

/** The state of a build as its events tell it; every display and the final report read it. */
export class Trace {
  /** In the order of their appearance. */
  readonly steps = new Map<Digest, Step>();
  readonly warnings: WarningEvent[] = [];

  apply(event: ProgressEvent): TraceChange {
    switch (event.kind) {
      case "vertex": {
        const step = this.#step(event.digest);
        step.name = event.name;
        step.cached = event.cached;
        if (event.startedMs !== undefined && event.startedMs !== step.startedMs) {
          // Started anew (a lazy blob is fetched after all): it is not done any more.
          step.startedMs = event.startedMs;
          step.completedMs = undefined;
        }
        if (event.completedMs !== undefined) step.completedMs = event.completedMs;
        if (event.error !== undefined) step.error = event.error;
        // Text without a final line end becomes a line when the step ends.
        const lines = step.completedMs === undefined ? [] : this.#keep(step, step.splitter.flush());
        return { step, lines };
      }
      case "status": {
        const step = this.#step(event.vertex);
        step.statuses.set(event.id, event);
        return { step, lines: [], status: event };
      }
      case "log": {
        const step = this.#step(event.vertex);
        return {
          step,
          lines: this.#keep(step, step.splitter.push(event.stream, event.data, event.timestampMs)),
        };
      }
      case "warning": {
        this.warnings.push(event);
        const step = event.vertex === undefined ? undefined : this.#step(event.vertex);
        return { ...(step ? { step } : {}), lines: [], warning: event };
      }
    }
  }

  /** Steps that failed by themselves, in order of appearance; those that were cancelled because of them are left out. */
  failedSteps(): Step[] {
    return [...this.steps.values()].filter((step) => step.error !== undefined && !isCancelled(step));
  }

  #step(digest: Digest): Step {
    let step = this.steps.get(digest);
    if (step === undefined) {
      step = {
        digest,
        name: digest.slice(0, 19),
        cached: false,
        statuses: new Map(),
        tail: [],
        splitter: new LineSplitter(),
      };
      this.steps.set(digest, step);
    }
    return step;
  }

  #keep(step: Step, lines: readonly OutputLine[]): readonly OutputLine[] {
    step.tail.push(...lines.slice(-TAIL_LINES));
    if (step.tail.length > TAIL_LINES) step.tail.splice(0, step.tail.length - TAIL_LINES);
    return lines;
  }
}

/** True for a step that was stopped, not one that failed. */
export function isCancelled(step: Pick<Step, "error">): boolean {
  return step.error !== undefined && /\b(cancell?ed|aborted|interrupted by SIG[A-Z]+)\W*$/i.test(step.error);
}

/** True while a step runs. */
export function isRunning(step: Step): boolean {
  return step.startedMs !== undefined && step.completedMs === undefined;
}
