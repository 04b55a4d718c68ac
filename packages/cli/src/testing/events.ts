import { createHash } from "node:crypto";
import type { LogEvent, StatusEvent, VertexEvent } from "@slipway/engine-sdk";
import type { Digest } from "@slipway/oci";

/** A digest that stands for a name. */
export function digestOf(name: string): Digest {
  return `sha256:${createHash("sha256").update(name).digest("hex")}` as Digest;
}

/** An event of the vertex with this name, which is also what its digest is made of. */
export function vertex(name: string, fields: Partial<VertexEvent> = {}): VertexEvent {
  return { kind: "vertex", digest: digestOf(name), inputs: [], name, cached: false, ...fields };
}

export function log(name: string, text: string, timestampMs: number): LogEvent {
  return { kind: "log", vertex: digestOf(name), stream: "stdout", data: Buffer.from(text), timestampMs };
}

export function status(name: string, id: string, fields: Partial<StatusEvent> = {}): StatusEvent {
  return {
    kind: "status",
    id,
    vertex: digestOf(name),
    name: id,
    current: 0,
    total: 0,
    timestampMs: 0,
    ...fields,
  };
}
