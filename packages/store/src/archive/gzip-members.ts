import { once } from "node:events";
import zlib from "node:zlib";
import { archiveError } from "./archive-error.ts";
import { ByteSource } from "./byte-source.ts";

// Node's own gzip decoder loses what it has unpacked when something else follows the last member. A tar in it may be
// complete long before that. @see RFC 1952

// Small, since all that comes out of one piece is held at once.
const PIECE_BYTES = 1 << 15;
const HEADER_BYTES = 10;
const TRAILER_BYTES = 8;
const FLAG_HEADER_CRC = 2;
const FLAG_EXTRA = 4;
const FLAG_NAME = 8;
const FLAG_COMMENT = 16;

/**
 * The bytes that gzip packed, in any number of members. What is wrong behind a member is told only when all of the
 * member has been taken.
 * @throws zlib's errors; InputError `ARCHIVE_BAD_COMPRESSION`, `ARCHIVE_TRUNCATED`
 */
export async function* decompressGzip(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  options: { readonly chunkSize: number },
): AsyncGenerator<Buffer, void> {
  const bytes = new ByteSource(source);
  try {
    for (let count = 0; ; count++) {
      const start = await bytes.fill(HEADER_BYTES);
      if (start.length === 0 && count > 0) return;
      await skipHeader(bytes, start);
      yield* inflate(bytes, options.chunkSize);
    }
  } finally {
    await bytes.close();
  }
}

async function* inflate(bytes: ByteSource, chunkSize: number): AsyncGenerator<Buffer, void> {
  const decoder = zlib.createInflateRaw({ chunkSize });
  let chunks: Buffer[] = [];
  let failure: unknown;
  let crc = 0;
  let length = 0;
  decoder.on("data", (chunk: Buffer) => chunks.push(chunk));
  decoder.on("error", (error) => (failure = error));
  const ended = once(decoder, "end").catch(() => undefined);
  try {
    while (!decoder.readableEnded && failure === undefined) {
      const held = (await bytes.fill(1)).subarray(0, PIECE_BYTES);
      const before = decoder.bytesWritten;
      if (held.length === 0) decoder.end();
      else await Promise.race([new Promise((resolve) => decoder.write(held, resolve)), ended]);
      if (held.length === 0 || decoder.bytesWritten - before < held.length) await ended;
      bytes.skip(decoder.bytesWritten - before);
      const ready = chunks;
      chunks = [];
      for (const chunk of ready) {
        crc = zlib.crc32(chunk, crc);
        length += chunk.length;
        yield chunk;
      }
    }
    if (failure !== undefined) throw failure;
  } finally {
    decoder.destroy();
  }
  const trailer = await bytes.fill(TRAILER_BYTES);
  if (trailer.length < TRAILER_BYTES) throw truncated();
  if (trailer.readUInt32LE(0) !== crc || trailer.readUInt32LE(4) !== length % 2 ** 32)
    throw archiveError("ARCHIVE_BAD_COMPRESSION", "the gzip data is damaged: its checksum is wrong");
  bytes.skip(TRAILER_BYTES);
}

async function skipHeader(bytes: ByteSource, start: Buffer): Promise<void> {
  if (start.length < HEADER_BYTES) throw truncated();
  if (start.readUInt16BE(0) !== 0x1f8b || start[2] !== 8)
    throw archiveError(
      "ARCHIVE_BAD_COMPRESSION",
      "the gzip data is damaged: a member does not begin like one",
    );
  const flags = start[3]!;
  bytes.skip(HEADER_BYTES);
  if ((flags & FLAG_EXTRA) !== 0) await skip(bytes, (await exactly(bytes, 2)).readUInt16LE(0) + 2);
  if ((flags & FLAG_NAME) !== 0) await skipText(bytes);
  if ((flags & FLAG_COMMENT) !== 0) await skipText(bytes);
  if ((flags & FLAG_HEADER_CRC) !== 0) await skip(bytes, 2);
}

async function skipText(bytes: ByteSource): Promise<void> {
  for (;;) {
    const held = await exactly(bytes, 1);
    const end = held.indexOf(0);
    bytes.skip(end < 0 ? held.length : end + 1);
    if (end >= 0) return;
  }
}

async function skip(bytes: ByteSource, count: number): Promise<void> {
  await exactly(bytes, count);
  bytes.skip(count);
}

async function exactly(bytes: ByteSource, count: number): Promise<Buffer> {
  const held = await bytes.fill(count);
  if (held.length < count) throw truncated();
  return held;
}

function truncated(): Error {
  return archiveError("ARCHIVE_TRUNCATED", "the compressed data ends too early");
}
