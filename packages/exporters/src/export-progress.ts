import type { ProgressSink } from "@slipway/engine-sdk";
import { randomName, sha256 } from "@slipway/oci";

/** How far a step is; `total` is 0 when unknown. */
export type Report = (current: number, total: number) => void;

/** Reports the steps of one export. */
export interface ExportSteps {
  /** Runs a step and tells when it starts and ends. */
  run<T>(name: string, work: (report: Report) => Promise<T>): Promise<T>;
  /** Something that took no time worth telling. */
  note(name: string): void;
}

/** A display redraws a few times a second: more reports than that are waste. */
const REPORT_EVERY_MS = 100;

/**
 * Shows an export as a vertex of the build, with its steps as statuses, as BuildKit does. The vertex belongs to no
 * graph, so its digest is random.
 */
export async function withExportSteps<T>(
  progress: ProgressSink,
  name: string,
  work: (steps: ExportSteps) => Promise<T>,
): Promise<T> {
  const vertex = sha256(randomName(32));
  const startedMs = Date.now();
  const shown = { kind: "vertex", digest: vertex, inputs: [], name, cached: false, startedMs } as const;
  const steps: ExportSteps = {
    async run(step, body) {
      const begunMs = Date.now();
      let counts = { current: 0, total: 0 };
      const tell = (done: object) =>
        progress({
          kind: "status",
          id: step,
          vertex,
          name: step,
          ...counts,
          timestampMs: Date.now(),
          startedMs: begunMs,
          ...done,
        });
      tell({});
      let toldMs = begunMs;
      const result = await body((current, total) => {
        counts = { current, total };
        const nowMs = Date.now();
        if (nowMs - toldMs < REPORT_EVERY_MS) return;
        toldMs = nowMs;
        tell({});
      });
      tell({ completedMs: Date.now() });
      return result;
    },
    note(step) {
      const nowMs = Date.now();
      progress({
        kind: "status",
        id: step,
        vertex,
        name: step,
        current: 0,
        total: 0,
        timestampMs: nowMs,
        startedMs: nowMs,
        completedMs: nowMs,
      });
    },
  };
  progress(shown);
  try {
    const result = await work(steps);
    progress({ ...shown, completedMs: Date.now() });
    return result;
  } catch (error) {
    progress({
      ...shown,
      completedMs: Date.now(),
      error: error instanceof Error ? error.message : String(error),
    });
    throw error;
  }
}
