import { createHash } from "node:crypto";
import { availableParallelism } from "node:os";
import { promisify } from "node:util";
import zlib from "node:zlib";
import type { LayerCompression } from "@slipway/oci";
import { DICTIONARY_BYTES, SLAB_BYTES } from "./tar-assembler.ts";
import type { Slab } from "./tar-assembler.ts";

/**
 * One below what others use. Measured with Node 24: against level 6, layers of binaries or JavaScript get 1.0 to 1.5 %
 * larger for 20 to 32 % less time (level 4: 4 to 6 % larger for half the time); barely compressible data
 * 0.1 % larger for 10 % less.
 */
export const DEFAULT_GZIP_LEVEL = 5;
/**
 * More symbols to a deflate block, and so fewer tables to build: against zlib's default of 8, 5 to 25 % less time for
 * output that differs by a tenth of a percent either way. Takes 256 KiB more for each block that is being compressed.
 */
const GZIP_MEMORY_LEVEL = 9;
/** zstd's own default. */
export const DEFAULT_ZSTD_LEVEL = 3;

// Magic, deflate, no flags, no time, no extra flags, system unknown: nothing that differs between runs.
const GZIP_HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff]);
// An empty last block with fixed codes: every real block ends in a sync flush, so that blocks can be joined.
const DEFLATE_END = Buffer.from([0x03, 0x00]);

const deflateRaw = promisify<Uint8Array, zlib.ZlibOptions, Buffer>(zlib.deflateRaw);
const zstdCompress = promisify<Uint8Array, zlib.ZstdOptions, Buffer>(zlib.zstdCompress);

export interface BlockCompressorOptions {
  readonly compression: LayerCompression;
  readonly level?: number;
  /** Whether to hash what goes to the sink. */
  readonly hash: boolean;
  sink(chunk: Buffer): Promise<void> | void;
  /** Gives a block's buffer back once nothing reads it any more. */
  release(slab: Slab): void;
}

/**
 * Compresses blocks side by side in libuv's pool and hands them to the sink in order. gzip is one member: each block
 * is deflated with the 32 KiB before it as dictionary and ends in a sync flush. zstd is a frame for each block.
 */
export class BlockCompressor {
  readonly #options: BlockCompressorOptions;
  readonly #maxInFlight: number;
  readonly #hash: ReturnType<typeof createHash> | undefined;
  #written: Promise<void> = Promise.resolve();
  #waiting: (() => void)[] = [];
  #inFlight = 0;
  #failure: { readonly error: unknown } | undefined;
  #crc = 0;
  #plainBytes = 0;
  #sizeBytes = 0;
  #started = false;

  constructor(options: BlockCompressorOptions) {
    this.#options = options;
    this.#maxInFlight = 2 * availableParallelism() + 4;
    // An uncompressed blob is the tar itself, whose digest is known anyway.
    this.#hash = options.hash && options.compression !== "none" ? createHash("sha256") : undefined;
  }

  /** Resolves when there is room for another block. Blocks are taken in the order of the calls. */
  async add(slab: Slab): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure.error;
    this.#start();
    const block = Buffer.from(slab.buffer, DICTIONARY_BYTES, slab.length);
    const { compression } = this.#options;
    if (compression === "gzip") this.#crc = zlib.crc32(block, this.#crc);
    this.#plainBytes += block.length;
    const compressed = compression === "none" ? block : this.#compress(slab, block);
    // A failure is reported by whoever waits for the chain.
    if (compressed instanceof Promise) compressed.catch(() => undefined);
    this.#inFlight++;
    this.#enqueue(async () => {
      const chunk = await compressed;
      if (compression !== "none") this.#options.release(slab);
      await this.#write(chunk);
      if (compression === "none") this.#options.release(slab);
    });
    while (this.#inFlight >= this.#maxInFlight && this.#failure === undefined) {
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    if (this.#failure !== undefined) throw (this.#failure as { error: unknown }).error;
  }

  /** Writes what is left; `digestHex` is undefined for "none", and when it was not asked for. */
  async finish(): Promise<{ readonly digestHex: string | undefined; readonly sizeBytes: number }> {
    this.#start();
    await this.#written;
    if (this.#failure !== undefined) throw this.#failure.error;
    if (this.#options.compression === "gzip") {
      const trailer = Buffer.alloc(8);
      trailer.writeUInt32LE(this.#crc >>> 0, 0);
      trailer.writeUInt32LE(this.#plainBytes % 2 ** 32, 4);
      await this.#write(Buffer.concat([DEFLATE_END, trailer]));
    }
    return { digestHex: this.#hash?.digest("hex"), sizeBytes: this.#sizeBytes };
  }

  #start(): void {
    if (this.#started) return;
    this.#started = true;
    if (this.#options.compression === "gzip")
      this.#written = this.#written.then(() => this.#write(GZIP_HEADER)).catch(this.#fail);
  }

  #enqueue(work: () => Promise<void>): void {
    this.#written = this.#written
      .then(() => (this.#failure === undefined ? work() : undefined))
      .catch(this.#fail)
      .then(() => {
        this.#inFlight--;
        for (const resume of this.#waiting.splice(0)) resume();
      });
  }

  readonly #fail = (error: unknown): void => {
    this.#failure ??= { error };
  };

  #compress(slab: Slab, block: Buffer): Promise<Buffer> {
    const { compression, level } = this.#options;
    // Room for all that can come of the block, so that it comes in one piece.
    const chunkSize = Math.min(SLAB_BYTES, block.length + (block.length >> 7) + 1024);
    if (compression === "zstd") {
      return zstdCompress(block, {
        chunkSize,
        params: {
          [zlib.constants.ZSTD_c_compressionLevel]: level ?? DEFAULT_ZSTD_LEVEL,
          [zlib.constants.ZSTD_c_checksumFlag]: 1,
        },
      });
    }
    const { dictionaryLength } = slab;
    return deflateRaw(block, {
      level: level ?? DEFAULT_GZIP_LEVEL,
      memLevel: GZIP_MEMORY_LEVEL,
      finishFlush: zlib.constants.Z_SYNC_FLUSH,
      chunkSize,
      ...(dictionaryLength > 0
        ? { dictionary: Buffer.from(slab.buffer, DICTIONARY_BYTES - dictionaryLength, dictionaryLength) }
        : {}),
    });
  }

  async #write(chunk: Buffer): Promise<void> {
    this.#hash?.update(chunk);
    this.#sizeBytes += chunk.length;
    await this.#options.sink(chunk);
  }
}
