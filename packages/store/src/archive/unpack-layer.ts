import { createReadStream, statSync } from "node:fs";
import { WorldError } from "@slipway/oci";
import { withWorldErrors } from "../syscalls/fs-errors.ts";
import type { UnpackRequest, UnpackResult } from "./contracts.ts";
import { unpackInWorker } from "./unpack-in-worker.ts";
import { unpackStream } from "./unpack-stream.ts";

// Compressed bytes up to which a worker costs more (about 30 ms to start) than it gains.
const INLINE_MAX_BYTES = 256 * 1024;

/** @see UnpackLayer */
export async function unpackLayer(request: UnpackRequest): Promise<UnpackResult> {
  request.signal.throwIfAborted();
  const result = await unpack(request);
  const { expectedDiffId } = request;
  if (expectedDiffId !== undefined && result.diffId !== expectedDiffId) {
    throw new WorldError(
      "LAYER_DIFF_ID_MISMATCH",
      `layer unpacks to ${result.diffId}, its image says ${expectedDiffId}`,
      {
        hint: "Pull again without the mirror: it may serve a damaged blob. If that does not help, the image itself is wrong.",
        retryable: true,
        data: { expected: expectedDiffId, actual: result.diffId },
      },
    );
  }
  return result;
}

async function unpack(request: UnpackRequest): Promise<UnpackResult> {
  const { compression, treeDir, signal } = request;
  const options = { compression, treeDir, signal, from: "layer" as const };
  if ("path" in request.source) {
    const { path } = request.source;
    const sizeBytes = withWorldErrors(path, () => statSync(path)).size;
    if (sizeBytes <= INLINE_MAX_BYTES) {
      const result = await unpackStream(createReadStream(path, { highWaterMark: INLINE_MAX_BYTES }), options);
      request.onProgress?.(sizeBytes);
      return result;
    }
    return unpackInWorker({ path }, { ...options, onProgress: request.onProgress });
  }

  const iterator = request.source[Symbol.asyncIterator]();
  const first: Uint8Array[] = [];
  let firstBytes = 0;
  while (firstBytes <= INLINE_MAX_BYTES) {
    signal.throwIfAborted();
    const next = await iterator.next();
    if (next.done === true) {
      const result = await unpackStream(first, options);
      request.onProgress?.(firstBytes);
      return result;
    }
    first.push(next.value);
    firstBytes += next.value.length;
  }
  return unpackInWorker(
    { chunks: withFirst(first, iterator) },
    { ...options, onProgress: request.onProgress },
  );
}

async function* withFirst(
  first: readonly Uint8Array[],
  rest: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    yield* first;
    for (;;) {
      const next = await rest.next();
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    await rest.return?.();
  }
}
