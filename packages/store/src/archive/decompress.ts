import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import zlib from "node:zlib";
import { SlipwayError } from "@slipway/oci";
import type { LayerCompression } from "@slipway/oci";
import { archiveError } from "./archive-error.ts";

// Large pieces: with zlib's 16 KiB the calls back and forth take longer than the work.
const CHUNK_BYTES = 1 << 20;

/**
 * Feeds the decompressed bytes of `source` to `take`. Decompression runs in libuv's pool beside `take`, a few MiB
 * ahead of it at most.
 * @throws InputError `ARCHIVE_BAD_COMPRESSION`, `ARCHIVE_TRUNCATED`
 */
export async function decompressInto(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  options: {
    readonly compression: LayerCompression;
    readonly signal?: AbortSignal;
    take(chunk: Buffer): void;
  },
): Promise<void> {
  const consume = async (chunks: AsyncIterable<Buffer>) => {
    for await (const chunk of chunks) options.take(chunk);
  };
  const { signal } = options;
  if (options.compression === "none") {
    for await (const chunk of source) {
      signal?.throwIfAborted();
      options.take(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    }
    return;
  }
  const ahead = { chunkSize: CHUNK_BYTES, readableHighWaterMark: 4 * CHUNK_BYTES };
  const inflater =
    options.compression === "gzip" ? zlib.createGunzip(ahead) : zlib.createZstdDecompress(ahead);
  try {
    await pipeline(Readable.from(source, { objectMode: true, highWaterMark: 2 }), inflater, consume, {
      signal,
    });
  } catch (error) {
    signal?.throwIfAborted();
    throw compressionError(error);
  }
}

function compressionError(error: unknown): unknown {
  const code = (error as { code?: unknown }).code;
  if (error instanceof SlipwayError || typeof code !== "string") return error;
  if (code === "Z_BUF_ERROR") {
    return archiveError("ARCHIVE_TRUNCATED", "the compressed data ends too early", undefined, error);
  }
  if (/^(Z_|ZSTD_)/.test(code)) {
    return archiveError(
      "ARCHIVE_BAD_COMPRESSION",
      `the compressed data is damaged (${code})`,
      undefined,
      error,
    );
  }
  return error;
}
