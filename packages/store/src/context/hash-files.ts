import os from "node:os";
import type { Worker } from "node:worker_threads";
import { InvariantError, type Digest } from "@slipway/oci";
import { Breather } from "../syscalls/breather.ts";
import { FileHasher, type FileToHash } from "./hash-file.ts";

const INLINE_FILES = 2_000;
const INLINE_BYTES = 16 * 1024 * 1024;
const CHUNK_FILES = 1_000;
const CHUNK_BYTES = 64 * 1024 * 1024;
const MOST_WORKERS = 4;

export interface HashRequest {
  /** Joined by NUL. */
  readonly paths: string;
  /** Six for each file: dev, ino, size, mtime, ctime, and 1 when they are to be checked. */
  readonly identities: BigInt64Array;
}

export type HashAnswer =
  { readonly digests: Uint8Array } | { readonly failed: number; readonly errno: string };

/**
 * SHA-256 of files, in their order. Few or small ones are hashed here and now, many or big ones in worker threads.
 * @throws InputError `CONTEXT_CHANGED`, `CONTEXT_UNREADABLE`
 */
export async function hashFiles(files: readonly FileToHash[], signal: AbortSignal): Promise<Digest[]> {
  signal.throwIfAborted();
  const bytes = files.reduce((sum, file) => sum + file.sizeBytes, 0);
  if (files.length <= INLINE_FILES && bytes <= INLINE_BYTES) return hashHere(files, signal);
  return hashInWorkers(files, signal);
}

async function hashHere(files: readonly FileToHash[], signal: AbortSignal): Promise<Digest[]> {
  const hasher = new FileHasher();
  const breather = new Breather(signal);
  const digests: Digest[] = [];
  for (const file of files) {
    digests.push(hasher.hash(file));
    if (breather.due()) await breather.rest();
  }
  return digests;
}

async function hashInWorkers(files: readonly FileToHash[], signal: AbortSignal): Promise<Digest[]> {
  const { Worker } = await import("node:worker_threads");
  const name = import.meta.url.endsWith(".ts") ? "./hash-files-worker.ts" : "./hash-files-worker.js";
  const chunks = chunksOf(files);
  const digests = new Array<Digest>(files.length);
  const count = Math.min(os.availableParallelism(), MOST_WORKERS, chunks.length);
  const workers = Array.from({ length: count }, () => new Worker(new URL(name, import.meta.url)));
  const abort = () => workers.forEach((worker) => void worker.terminate());
  signal.addEventListener("abort", abort, { once: true });
  try {
    let next = 0;
    await Promise.all(
      workers.map(async (worker) => {
        for (let chunk; (chunk = chunks[next++]) !== undefined;) {
          const part = files.slice(chunk.start, chunk.end);
          const answer = await ask(worker, requestOf(part));
          if ("failed" in answer) {
            new FileHasher().hash(part[answer.failed]!);
            throw new InvariantError(`hashing failed in a worker only (${answer.errno})`);
          }
          const bytes = Buffer.from(
            answer.digests.buffer,
            answer.digests.byteOffset,
            answer.digests.byteLength,
          );
          for (let i = 0; i < part.length; i++) {
            digests[chunk.start + i] = `sha256:${bytes.toString("hex", i * 32, i * 32 + 32)}` as Digest;
          }
        }
      }),
    );
    return digests;
  } catch (error) {
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener("abort", abort);
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

function ask(worker: Worker, request: HashRequest): Promise<HashAnswer> {
  return new Promise((resolve, reject) => {
    const done = () => {
      worker.off("message", onMessage).off("error", onError).off("exit", onExit);
    };
    const onMessage = (answer: HashAnswer) => (done(), resolve(answer));
    const onError = (error: unknown) => (done(), reject(error as Error));
    const onExit = () => (done(), reject(new InvariantError("a hashing worker ended early")));
    worker.on("message", onMessage).on("error", onError).on("exit", onExit);
    worker.postMessage(request, [request.identities.buffer as ArrayBuffer]);
  });
}

function chunksOf(files: readonly FileToHash[]): { start: number; end: number }[] {
  const chunks: { start: number; end: number }[] = [];
  let start = 0;
  let bytes = 0;
  for (const [i, file] of files.entries()) {
    bytes += file.sizeBytes;
    if (i + 1 - start >= CHUNK_FILES || bytes >= CHUNK_BYTES || i + 1 === files.length) {
      chunks.push({ start, end: i + 1 });
      start = i + 1;
      bytes = 0;
    }
  }
  return chunks;
}

function requestOf(files: readonly FileToHash[]): HashRequest {
  const identities = new BigInt64Array(files.length * 6);
  for (const [i, { identity, sizeBytes }] of files.entries()) {
    if (identity === undefined) identities[i * 6 + 2] = BigInt(sizeBytes);
    else {
      const { dev, ino, mtimeNs, ctimeNs } = identity;
      identities.set([dev, ino, BigInt(sizeBytes), mtimeNs, ctimeNs, 1n], i * 6);
    }
  }
  return { paths: files.map((file) => file.path).join("\0"), identities };
}
