import zlib from "node:zlib";
import { archiveError } from "./archive-error.ts";
import { ByteSource } from "./byte-source.ts";

// A file is frames; Node's decoder ends with the first. Skippable ones hold what others want to know (pzstd writes
// sizes there, zstd:chunked an index). @see RFC 8878, section 3.1

export const ZSTD_MAGIC = 0xfd2fb528;
const SKIPPABLE_MAGIC = 0x184d2a50;
const MAX_HEADER_BYTES = 18;
const READ_BYTES = 1 << 20;

/** True for the first four bytes of a frame that is to be skipped. */
export function isSkippableMagic(magic: number): boolean {
  return (magic & 0xfffffff0) >>> 0 === SKIPPABLE_MAGIC;
}

/**
 * The bytes that zstd packed, in any number of frames.
 * @throws the decoder's errors; InputError `ARCHIVE_BAD_COMPRESSION`, `ARCHIVE_TRUNCATED`
 */
export async function* decompressZstd(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  options: zlib.ZstdOptions & { readonly signal?: AbortSignal },
): AsyncGenerator<Buffer, void> {
  const { signal, ...decoderOptions } = options;
  const bytes = new ByteSource(source);
  const { Readable } = await import("node:stream");
  try {
    for (let count = 0; ; count++) {
      const start = await bytes.fill(8);
      if (start.length === 0 && count > 0) return;
      if (start.length < 4) throw truncated();
      const magic = start.readUInt32LE(0);
      if (isSkippableMagic(magic)) {
        if (start.length < 8) throw truncated();
        await skipFrame(bytes, 8 + start.readUInt32LE(4));
        continue;
      }
      if (magic !== ZSTD_MAGIC)
        throw archiveError(
          "ARCHIVE_BAD_COMPRESSION",
          "the zstd data is damaged: a frame does not begin like one",
        );
      const frame = Readable.from(frameBytes(bytes), { objectMode: true, highWaterMark: 2 });
      const decoder = zlib.createZstdDecompress(decoderOptions);
      frame.on("error", (error) => decoder.destroy(error));
      frame.pipe(decoder);
      try {
        for await (const chunk of decoder) {
          signal?.throwIfAborted();
          yield chunk as Buffer;
        }
      } finally {
        frame.destroy();
        decoder.destroy();
      }
    }
  } finally {
    await bytes.close();
  }
}

async function skipFrame(bytes: ByteSource, count: number): Promise<void> {
  for (let left = count; left > 0;) {
    const taken = await bytes.take(left);
    if (taken.length === 0) throw truncated();
    left -= taken.length;
  }
}

/** The bytes of one frame: a header, blocks that say how long they are, and perhaps a checksum. */
async function* frameBytes(bytes: ByteSource): AsyncGenerator<Buffer, void> {
  const header = await bytes.fill(MAX_HEADER_BYTES);
  const descriptor = header[4] ?? 0;
  const isSingle = (descriptor & 0x20) !== 0;
  const sizeFlag = descriptor >>> 6;
  const sizeBytes = sizeFlag === 0 ? (isSingle ? 1 : 0) : 1 << sizeFlag;
  const dictionaryBytes = [0, 1, 2, 4][descriptor & 3]!;
  yield* exactly(bytes, 5 + (isSingle ? 0 : 1) + dictionaryBytes + sizeBytes);
  // Blocks are handed on together: most have a few KiB.
  let known = 0;
  for (let isLast = false; !isLast;) {
    const held = await bytes.fill(known + 3);
    if (held.length < known + 3) throw truncated();
    const word = held.readUIntLE(known, 3);
    isLast = (word & 1) === 1;
    const isRun = ((word >>> 1) & 3) === 1;
    known += 3 + (isRun ? 1 : word >>> 3);
    if (known < READ_BYTES && !isLast) continue;
    yield* exactly(bytes, known);
    known = 0;
  }
  if ((descriptor & 4) !== 0) yield* exactly(bytes, 4);
}

async function* exactly(bytes: ByteSource, count: number): AsyncGenerator<Buffer, void> {
  for (let left = count; left > 0;) {
    const taken = await bytes.take(Math.min(left, READ_BYTES));
    if (taken.length === 0) throw truncated();
    left -= taken.length;
    yield taken;
  }
}

function truncated(): Error {
  return archiveError("ARCHIVE_TRUNCATED", "the compressed data ends too early");
}
