import { once } from "node:events";
import { open, type FileHandle } from "node:fs/promises";

/** Takes the bytes of one stream, in order. */
export interface ByteSink {
  write(chunk: Uint8Array): Promise<void>;
  /**
   * Appends exactly `sizeBytes` bytes of a file.
   * @throws Error when the file has fewer.
   */
  copyFile(path: string, sizeBytes: number): Promise<void>;
}

const BLOCK_BYTES = 1024 * 1024;
/** Small writes are gathered: an archive of many files would cost a system call for each header otherwise. */
const GATHER_BYTES = 256 * 1024;

async function writeAll(handle: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let done = 0; done < chunk.length;) {
    const { bytesWritten } = await handle.write(chunk, done);
    done += bytesWritten;
  }
}

/** Reads a file block by block, the next one while the last is being taken. */
async function pump(
  path: string,
  sizeBytes: number,
  take: (block: Uint8Array) => Promise<void>,
): Promise<void> {
  const source = await open(path, "r");
  const buffers: (Buffer | undefined)[] = [];
  let writing: Promise<void> = Promise.resolve();
  try {
    let doneBytes = 0;
    for (let turn = 0; doneBytes < sizeBytes; turn ^= 1) {
      // No larger than the file: of an image with thousands of small layers, collecting them would take most of the time.
      const buffer = (buffers[turn] ??= Buffer.allocUnsafe(Math.min(BLOCK_BYTES, sizeBytes)));
      const { bytesRead } = await source.read(
        buffer,
        0,
        Math.min(BLOCK_BYTES, sizeBytes - doneBytes),
        doneBytes,
      );
      if (bytesRead === 0) throw new Error(`${path} ended after ${doneBytes} of ${sizeBytes} bytes`);
      doneBytes += bytesRead;
      await writing;
      writing = take(buffer.subarray(0, bytesRead));
      // It is awaited one block later; until then a failure must not count as unhandled.
      writing.catch(() => undefined);
    }
    await writing;
  } finally {
    await writing.catch(() => undefined);
    await source.close();
  }
}

/** Writes to an open file; `flush` must be called at the end. */
export function createFileSink(
  handle: FileHandle,
  signal: AbortSignal,
): ByteSink & { flush(): Promise<void> } {
  let gathered: Uint8Array[] = [];
  let gatheredBytes = 0;
  const flush = async () => {
    if (gatheredBytes === 0) return;
    const all = Buffer.concat(gathered);
    gathered = [];
    gatheredBytes = 0;
    await writeAll(handle, all);
  };
  return {
    flush,
    async write(chunk) {
      if (chunk.length < BLOCK_BYTES) {
        gathered.push(chunk);
        gatheredBytes += chunk.length;
        if (gatheredBytes < GATHER_BYTES) return;
        signal.throwIfAborted();
        return flush();
      }
      signal.throwIfAborted();
      await flush();
      await writeAll(handle, chunk);
    },
    async copyFile(path, sizeBytes) {
      await flush();
      await pump(path, sizeBytes, (block) => {
        signal.throwIfAborted();
        return writeAll(handle, block);
      });
    },
  };
}

/** Writes to a stream at its pace. The stream is not ended. */
export function createStreamSink(stream: NodeJS.WritableStream, signal: AbortSignal): ByteSink {
  const failure = new Promise<never>((_resolve, reject) => {
    stream.once("error", reject);
    stream.once("close", () => reject(Object.assign(new Error("the stream was closed"), { code: "EPIPE" })));
  });
  failure.catch(() => undefined);
  const write = async (chunk: Uint8Array) => {
    signal.throwIfAborted();
    if (stream.write(chunk)) return;
    const drained = new AbortController();
    const stop = AbortSignal.any([signal, drained.signal]);
    try {
      await Promise.race([once(stream as NodeJS.EventEmitter, "drain", { signal: stop }), failure]);
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    } finally {
      drained.abort();
    }
  };
  // The stream keeps a block until it is written: it gets one of its own.
  return {
    write,
    copyFile: (path, sizeBytes) => pump(path, sizeBytes, (block) => write(Buffer.from(block))),
  };
}
