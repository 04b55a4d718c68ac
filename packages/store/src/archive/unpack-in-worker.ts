import { InputError, InvariantError, WorldError } from "@slipway/oci";
import type { LayerCompression } from "@slipway/oci";
import type { Entry } from "../layer-index/entry.ts";
import type { UnpackResult } from "./contracts.ts";
import type { TreeWriterOptions } from "./tree-writer.ts";
import type {
  FromUnpackWorker,
  SerializedError,
  ToUnpackWorker,
  UnpackWorkerData,
} from "./unpack-layer-worker.ts";

// Compressed bytes that may wait in the worker's queue.
const MAX_QUEUED_BYTES = 8 << 20;

export interface UnpackInWorkerOptions extends TreeWriterOptions {
  readonly compression: LayerCompression;
  readonly signal: AbortSignal;
  onProgress?(doneBytes: number): void;
}

/** Unpacks in a worker; it has ended when this settles. */
export async function unpackInWorker(
  source: { readonly path: string } | { readonly chunks: AsyncIterable<Uint8Array> },
  options: UnpackInWorkerOptions,
): Promise<UnpackResult> {
  const { Worker } = await import("node:worker_threads");
  const { compression, treeDir, from, signal } = options;
  const path = "path" in source ? source.path : undefined;
  const workerData: UnpackWorkerData = { compression, treeDir, from, path };
  const file = import.meta.url.endsWith(".ts") ? "./unpack-layer-worker.ts" : "./unpack-layer-worker.js";
  const worker = new Worker(new URL(file, import.meta.url), { workerData });

  const entries: Entry[] = [];
  let doneBytes = 0;
  let queuedBytes = 0;
  let hasEnded = false;
  let wake = () => undefined as void;
  let onAbort = () => undefined as void;

  const send = async (chunks: AsyncIterable<Uint8Array>) => {
    for await (const chunk of chunks) {
      if (hasEnded) return;
      queuedBytes += chunk.length;
      // A copy: whoever made the chunk may go on using the memory around it.
      const copy = Uint8Array.from(chunk);
      worker.postMessage({ kind: "chunk", chunk: copy } satisfies ToUnpackWorker, [copy.buffer]);
      while (queuedBytes > MAX_QUEUED_BYTES && !hasEnded)
        await new Promise<void>((resolve) => (wake = resolve));
    }
    worker.postMessage({ kind: "end" } satisfies ToUnpackWorker);
  };

  try {
    return await new Promise<UnpackResult>((resolve, reject) => {
      onAbort = () => reject(signal.reason);
      signal.addEventListener("abort", onAbort, { once: true });
      worker.on("error", reject);
      worker.on("exit", () => reject(new InvariantError("the unpacking worker ended early")));
      worker.on("message", (message: FromUnpackWorker) => {
        switch (message.kind) {
          case "progress":
            doneBytes += message.bytes;
            queuedBytes -= message.bytes;
            wake();
            options.onProgress?.(doneBytes);
            return;
          case "entries":
            entries.push(...message.entries);
            return;
          case "failed":
            return reject(errorOf(message.error));
          case "end":
            return resolve({ index: { entries }, diffId: message.diffId });
        }
      });
      if ("chunks" in source) send(source.chunks).catch(reject);
    });
  } finally {
    hasEnded = true;
    wake();
    signal.removeEventListener("abort", onAbort);
    worker.removeAllListeners("exit");
    await worker.terminate();
  }
}

function errorOf({ family, code, message, hint, data }: SerializedError): Error {
  switch (family) {
    case "input":
      return new InputError(code, message, { hint, data });
    case "world":
      return new WorldError(code, message, { hint, data });
    case "bug":
      return new InvariantError(message, { hint, data });
  }
}
