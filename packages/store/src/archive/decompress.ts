import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import zlib from "node:zlib";
import { SlipwayError } from "@slipway/oci";
import { archiveError } from "./archive-error.ts";
import type { ArchiveCompression } from "./detect-archive.ts";

// Large pieces: with zlib's 16 KiB the calls back and forth take longer than the work.
const CHUNK_BYTES = 1 << 20;

/**
 * Feeds the decompressed bytes of `source` to `take`. gzip and zstd run in libuv's pool beside `take`, a few MiB ahead
 * of it at most.
 * @throws InputError `ARCHIVE_BAD_COMPRESSION`, `ARCHIVE_TRUNCATED`
 */
export async function decompressInto(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  options: {
    readonly compression: ArchiveCompression;
    readonly signal?: AbortSignal;
    /** Of the pieces that come out, for those who want the first soon. */
    readonly chunkBytes?: number;
    /** "unread" when what follows the first bytes that are wanted may be anything: it is told apart from them exactly. */
    readonly gzipTail?: "unread";
    take(chunk: Buffer): void;
  },
): Promise<void> {
  const { compression, signal } = options;
  try {
    switch (compression) {
      case "none":
        for await (const chunk of source) {
          signal?.throwIfAborted();
          options.take(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
        }
        return;
      case "gzip":
        if (options.gzipTail === undefined) return await gunzipInto(source, options);
        for await (const chunk of (await import("./gzip-members.ts")).decompressGzip(
          source,
          ahead(options.chunkBytes),
        )) {
          signal?.throwIfAborted();
          options.take(chunk);
        }
        return;
      default:
        for await (const chunk of await decoder(source, { ...options, compression })) {
          signal?.throwIfAborted();
          options.take(chunk);
        }
    }
  } catch (error) {
    signal?.throwIfAborted();
    throw compressionError(error);
  }
}

function ahead(chunkBytes = CHUNK_BYTES): { chunkSize: number; readableHighWaterMark: number } {
  return { chunkSize: chunkBytes, readableHighWaterMark: 4 * chunkBytes };
}

async function gunzipInto(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  options: {
    readonly signal?: AbortSignal;
    readonly chunkBytes?: number;
    take(chunk: Buffer): void;
  },
): Promise<void> {
  const consume = async (chunks: AsyncIterable<Buffer>) => {
    for await (const chunk of chunks) options.take(chunk);
  };
  const from = Readable.from(source, { objectMode: true, highWaterMark: 2 });
  const { signal } = options;
  await pipeline(from, zlib.createGunzip(ahead(options.chunkBytes)), consume, { signal });
}

/** What most builds do not need is loaded here. */
async function decoder(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  options: {
    readonly compression: Exclude<ArchiveCompression, "none" | "gzip">;
    readonly signal?: AbortSignal;
    readonly chunkBytes?: number;
  },
): Promise<AsyncIterable<Buffer>> {
  switch (options.compression) {
    case "zstd": {
      const { decompressZstd } = await import("./zstd-frames.ts");
      return decompressZstd(source, ahead(options.chunkBytes));
    }
    case "bzip2":
      return (await import("./bzip2.ts")).decompressBzip2(source, options);
    case "xz":
      return (await import("./xz.ts")).decompressXz(source);
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
