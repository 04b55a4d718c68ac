import { closeSync, openSync, readSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { SlipwayError } from "@slipway/oci";
import type { DiffId, LayerCompression } from "@slipway/oci";
import type { Entry } from "../layer-index/entry.ts";
import type { TreeWriterOptions } from "./tree-writer.ts";
import { unpackStream } from "./unpack-stream.ts";

// Worker: decompresses, checks, writes the tree, and hashes, so that the event loop stays free.

export interface UnpackWorkerData extends TreeWriterOptions {
  readonly compression: LayerCompression;
  /** Absolute path of the blob; absent when the bytes come as messages. */
  readonly path?: string;
}

export type ToUnpackWorker =
  { readonly kind: "chunk"; readonly chunk: Uint8Array } | { readonly kind: "end" };

export type FromUnpackWorker =
  /** Compressed bytes that were taken; as many may be sent again. */
  | { readonly kind: "progress"; readonly bytes: number }
  | { readonly kind: "entries"; readonly entries: readonly Entry[] }
  | { readonly kind: "end"; readonly diffId: DiffId }
  | { readonly kind: "failed"; readonly error: SerializedError };

/** An error of Slipway's own as plain data. */
export interface SerializedError {
  readonly family: "input" | "world" | "bug";
  readonly code: string;
  readonly message: string;
  readonly hint: string | undefined;
  readonly data: Readonly<Record<string, unknown>>;
}

const READ_BYTES = 1 << 18;
const ENTRIES_AT_A_TIME = 4000;

const port = parentPort!;
const options = workerData as UnpackWorkerData;
const post = (message: FromUnpackWorker) => port.postMessage(message);

function* fileChunks(path: string): Generator<Uint8Array> {
  const fd = openSync(path, "r");
  try {
    for (;;) {
      const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
      const count = readSync(fd, buffer, 0, READ_BYTES, null);
      if (count === 0) return;
      yield buffer.subarray(0, count);
      post({ kind: "progress", bytes: count });
    }
  } finally {
    closeSync(fd);
  }
}

async function* messageChunks(): AsyncGenerator<Uint8Array> {
  const queue: ToUnpackWorker[] = [];
  let wake = () => undefined as void;
  port.on("message", (message: ToUnpackWorker) => {
    queue.push(message);
    wake();
  });
  for (;;) {
    const message = queue.shift();
    if (message === undefined) await new Promise<void>((resolve) => (wake = resolve));
    else if (message.kind === "end") return;
    else {
      yield message.chunk;
      post({ kind: "progress", bytes: message.chunk.length });
    }
  }
}

async function main(): Promise<void> {
  const source = options.path === undefined ? messageChunks() : fileChunks(options.path);
  try {
    const { index, diffId } = await unpackStream(source, options);
    for (let at = 0; at < index.entries.length; at += ENTRIES_AT_A_TIME) {
      post({ kind: "entries", entries: index.entries.slice(at, at + ENTRIES_AT_A_TIME) });
    }
    post({ kind: "end", diffId });
  } catch (error) {
    if (!(error instanceof SlipwayError)) throw error;
    const { family, code, message, hint, data } = error;
    post({ kind: "failed", error: { family, code, message, hint, data } });
  }
  port.close();
}

await main();
