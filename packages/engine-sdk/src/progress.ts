import type { Digest, SourceLocation } from "@slipway/oci";

// What a build tells while it runs. The shapes are those of BuildKit's StatusResponse, so that every display and
// every wire can be fed from one stream. Times are milliseconds since the epoch.

/** A vertex appeared, started, or ended. Sent again with more fields filled in as they become known. */
export interface VertexEvent {
  readonly kind: "vertex";
  readonly digest: Digest;
  readonly inputs: readonly Digest[];
  readonly name: string;
  readonly cached: boolean;
  readonly startedMs?: number;
  readonly completedMs?: number;
  /** Set when the vertex failed; the message for people. */
  readonly error?: string;
}

/** Progress of one named piece of work inside a vertex: a blob that is pulled, a layer that is compressed. */
export interface StatusEvent {
  readonly kind: "status";
  /** Unique within the vertex. */
  readonly id: string;
  readonly vertex: Digest;
  readonly name: string;
  readonly current: number;
  /** 0 when unknown. */
  readonly total: number;
  readonly timestampMs: number;
  readonly startedMs?: number;
  readonly completedMs?: number;
}

/** Output of a process. */
export interface LogEvent {
  readonly kind: "log";
  readonly vertex: Digest;
  readonly stream: "stdout" | "stderr";
  readonly data: Uint8Array;
  readonly timestampMs: number;
}

export interface WarningEvent {
  readonly kind: "warning";
  readonly vertex?: Digest;
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  readonly url?: string;
  readonly file?: string;
  readonly line?: number;
  /** The exact place. */
  readonly location?: SourceLocation;
}

export type ProgressEvent = VertexEvent | StatusEvent | LogEvent | WarningEvent;

/** Takes events as they happen. Never throws, never blocks. */
export type ProgressSink = (event: ProgressEvent) => void;
