import type { ProgressEvent, WarningEvent } from "@slipway/engine-sdk";
import { includedFrom } from "../report/source-excerpt.ts";
import type { Display } from "./display.ts";
import type { Trace } from "./trace.ts";

/**
 * One JSON object per line, in the shape of BuildKit's SolveStatus, so that tools that read
 * `buildctl --progress=rawjson` read this.
 */
export class RawJsonDisplay implements Display {
  readonly #trace: Trace;
  readonly #write: (text: string) => void;

  constructor(options: { trace: Trace; write: (text: string) => void }) {
    this.#trace = options.trace;
    this.#write = options.write;
  }

  event(event: ProgressEvent): void {
    this.#trace.apply(event);
    this.#write(`${JSON.stringify(solveStatus(event))}\n`);
  }

  note(): void {
    // The stream is for programs.
  }

  close(): void {
    // Every event is written as it comes.
  }
}

/** @see BuildKit, client/graph.go: SolveStatus, Vertex, VertexStatus, VertexLog, VertexWarning */
function solveStatus(event: ProgressEvent): object {
  switch (event.kind) {
    case "vertex":
      return {
        vertexes: [
          {
            digest: event.digest,
            inputs: event.inputs.length > 0 ? event.inputs : undefined,
            name: event.name,
            started: time(event.startedMs),
            completed: time(event.completedMs),
            cached: event.cached || undefined,
            error: event.error,
          },
        ],
      };
    case "status":
      return {
        statuses: [
          {
            id: event.id,
            vertex: event.vertex,
            name: event.name,
            total: event.total || undefined,
            current: event.current,
            timestamp: time(event.timestampMs),
            started: time(event.startedMs),
            completed: time(event.completedMs),
          },
        ],
      };
    case "log":
      return {
        logs: [
          {
            vertex: event.vertex,
            stream: event.stream === "stdout" ? 1 : 2,
            data: base64(event.data),
            timestamp: time(event.timestampMs),
          },
        ],
      };
    case "warning":
      return {
        warnings: [
          {
            vertex: event.vertex,
            level: 1,
            short: base64(Buffer.from(`${event.code}: ${event.message}`)),
            detail: details(event),
            url: event.url,
            sourceInfo: event.file === undefined ? undefined : { filename: event.file },
            range:
              event.line === undefined
                ? undefined
                : [{ start: { line: event.line }, end: { line: event.line } }],
          },
        ],
      };
  }
}

/** What to do about a warning, and the INCLUDE instructions that brought its file in. */
function details({ hint, location }: WarningEvent): string[] | undefined {
  const lines = [...(hint === undefined ? [] : [hint]), ...includedFrom(location)];
  return lines.length === 0 ? undefined : lines.map((line) => base64(Buffer.from(line)));
}

function time(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : new Date(ms).toISOString();
}

function base64(data: Uint8Array): string {
  return Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("base64");
}
