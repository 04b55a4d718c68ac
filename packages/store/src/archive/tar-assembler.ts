import { createHash } from "node:crypto";
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { fsPath } from "../layer-index/byte-path.ts";
import { paddingBytes } from "./tar-format.ts";
import type { TarBatch } from "./tar-plan.ts";

/** Bytes of tar in one block; compression works on one block at a time, so blobs depend on this number. */
export const SLAB_BYTES = 1 << 20;
/** Room before a block for the end of the block before it, which deflate takes as dictionary. */
export const DICTIONARY_BYTES = 32768;

/** One block of the tar on its way to compression. */
export interface Slab {
  /** `DICTIONARY_BYTES + SLAB_BYTES` long, or shorter when the whole tar is; the block begins at `DICTIONARY_BYTES`. */
  readonly buffer: ArrayBuffer;
  /** `SLAB_BYTES` in all blocks but the last. */
  readonly length: number;
  /** Bytes just before the block that are the end of the block before it. */
  readonly dictionaryLength: number;
}

/** A file that could not go into the tar: it changed, or could not be read. Plain data: it crosses from a worker. */
export interface FileFault {
  readonly path: string;
  /** "changed", or the system's error code. */
  readonly reason: string;
}

/** Carries a `FileFault`. */
export class FileFaultError extends Error {
  readonly fault: FileFault;
  constructor(fault: FileFault) {
    super(`${fault.path}: ${fault.reason}`);
    this.fault = fault;
  }
}

/**
 * Puts batches and the content of files together into blocks, synchronously: in a worker this is several times
 * faster than promises. `acquire` gives an empty buffer for a block and may block the thread; `emit` takes a full one.
 */
export class TarAssembler {
  readonly #acquire: () => ArrayBuffer;
  readonly #emit: (slab: Slab) => void;
  readonly #hash = createHash("sha256");
  readonly #tail = Buffer.allocUnsafeSlow(DICTIONARY_BYTES);
  #tailLength = 0;
  #slab: Buffer | undefined;
  #length = 0;
  #totalBytes = 0;

  constructor(acquire: () => ArrayBuffer, emit: (slab: Slab) => void) {
    this.#acquire = acquire;
    this.#emit = emit;
  }

  /** @throws FileFaultError */
  add(batch: TarBatch): void {
    let done = 0;
    const { fileAt, paths, sizes, identities } = batch;
    for (let i = 0; i < fileAt.length; i++) {
      this.#literal(batch.literals, done, fileAt[i]!);
      done = fileAt[i]!;
      this.#file(paths[i]!, sizes[i]!, identities.subarray(5 * i, 5 * i + 5));
    }
    this.#literal(batch.literals, done, batch.literals.length);
  }

  /** Emits the last block. */
  end(): { readonly sha256Hex: string; readonly totalBytes: number } {
    this.#flush();
    return { sha256Hex: this.#hash.digest("hex"), totalBytes: this.#totalBytes };
  }

  #current(): Buffer {
    if (this.#slab === undefined) {
      this.#slab = Buffer.from(this.#acquire());
      this.#tail.copy(this.#slab, DICTIONARY_BYTES - this.#tailLength, 0, this.#tailLength);
    }
    return this.#slab;
  }

  #advance(count: number): void {
    this.#length += count;
    this.#totalBytes += count;
    if (this.#length === SLAB_BYTES) this.#flush();
  }

  #flush(): void {
    if (this.#slab === undefined || this.#length === 0) return;
    const block = this.#slab.subarray(DICTIONARY_BYTES, DICTIONARY_BYTES + this.#length);
    this.#hash.update(block);
    const dictionaryLength = this.#tailLength;
    this.#tailLength = Math.min(DICTIONARY_BYTES, block.length);
    block.copy(this.#tail, 0, block.length - this.#tailLength);
    const buffer = this.#slab.buffer as ArrayBuffer;
    const length = this.#length;
    this.#slab = undefined;
    this.#length = 0;
    this.#emit({ buffer, length, dictionaryLength });
  }

  #literal(bytes: Uint8Array, start: number, end: number): void {
    let at = start;
    while (at < end) {
      const slab = this.#current();
      const count = Math.min(SLAB_BYTES - this.#length, end - at);
      slab.set(bytes.subarray(at, at + count), DICTIONARY_BYTES + this.#length);
      at += count;
      this.#advance(count);
    }
  }

  #file(path: string, sizeBytes: number, identity: BigInt64Array): void {
    const fd = openForReading(path, identity);
    try {
      if (sizeBytes > SLAB_BYTES) checkIdentity(path, fd, identity);
      let left = sizeBytes;
      while (left > 0) {
        const slab = this.#current();
        const room = Math.min(SLAB_BYTES - this.#length, left);
        const count = attempt(path, () => readSync(fd, slab, DICTIONARY_BYTES + this.#length, room, null));
        if (count === 0)
          throw new FileFaultError({ path, reason: identity[2]! < 0n ? "ENODATA" : "changed" });
        left -= count;
        this.#advance(count);
      }
      // The status change time tells of every write since the file was hashed, so looking once, afterwards, is enough.
      checkIdentity(path, fd, identity);
    } finally {
      closeSync(fd);
    }
    let padding = paddingBytes(sizeBytes);
    while (padding > 0) {
      const slab = this.#current();
      const count = Math.min(SLAB_BYTES - this.#length, padding);
      slab.fill(0, DICTIONARY_BYTES + this.#length, DICTIONARY_BYTES + this.#length + count);
      padding -= count;
      this.#advance(count);
    }
  }
}

function openForReading(path: string, identity: BigInt64Array): number {
  try {
    // Not to hang on a pipe that took the file's place.
    return openSync(fsPath(path), constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "EIO";
    const isGone = code === "ENOENT" || code === "ENOTDIR" || code === "ELOOP";
    throw new FileFaultError({ path, reason: isGone && identity[2]! >= 0n ? "changed" : code });
  }
}

function checkIdentity(path: string, fd: number, identity: BigInt64Array): void {
  if (identity[2]! < 0n) return;
  const now = fstatSync(fd, { bigint: true });
  const same =
    now.ctimeNs === identity[4] &&
    now.mtimeNs === identity[3] &&
    now.size === identity[2] &&
    BigInt.asIntN(64, now.ino) === identity[1] &&
    BigInt.asIntN(64, now.dev) === identity[0];
  if (!same) throw new FileFaultError({ path, reason: "changed" });
}

function attempt<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw new FileFaultError({ path, reason: (error as NodeJS.ErrnoException).code ?? "EIO" });
  }
}
