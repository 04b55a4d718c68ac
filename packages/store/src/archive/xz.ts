import { SlipwayError } from "@slipway/oci";
import { archiveError } from "./archive-error.ts";

// What the WebAssembly decoder says when it stops. @see XZ Embedded, xz.h, enum xz_ret
const MEMORY_LIMIT = new Set([3, 4]);
const UNSUPPORTED = new Set([2, 6]);
const TRUNCATED = 8;

/**
 * The bytes that xz packed: LZMA2 in any number of streams and blocks, with the checks CRC-32 and CRC-64. Holds the
 * dictionary (8 MiB for `xz -6`, 64 MiB for `xz -9`) and a few chunks.
 * @throws InputError `ARCHIVE_BAD_COMPRESSION`, `ARCHIVE_TRUNCATED`
 */
export async function* decompressXz(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<Buffer, void> {
  const XzReadableStream = await loadDecoder();
  let failure: unknown;
  let sawAll = false;
  const chunks = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  const compressed = new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const next = await chunks.next();
          if (next.done) {
            sawAll = true;
            controller.close();
          } else controller.enqueue(next.value);
        } catch (error) {
          failure = error;
          controller.error(error);
        }
      },
      async cancel() {
        await chunks.return?.();
      },
    },
    { highWaterMark: 0 },
  );
  try {
    for await (const chunk of new XzReadableStream(compressed)) {
      // The decoder uses its memory again.
      yield Buffer.from(chunk);
    }
  } catch (error) {
    throw failure ?? xzError(error, sawAll);
  } finally {
    await chunks.return?.();
  }
}

/** A script of its own kind, whose names only a bundler sees before it has run. */
async function loadDecoder(): Promise<typeof import("xz-decompress").XzReadableStream> {
  const loaded = await import("xz-decompress");
  const { default: script } = loaded as { readonly default?: Pick<typeof loaded, "XzReadableStream"> };
  return (script ?? loaded).XzReadableStream;
}

function xzError(error: unknown, sawAll: boolean): unknown {
  if (error instanceof SlipwayError) return error;
  const code = Number(/error code (\d+)/.exec(String(error))?.[1]);
  if (Number.isNaN(code)) return error;
  if (UNSUPPORTED.has(code)) {
    return archiveError(
      "ARCHIVE_BAD_COMPRESSION",
      "the xz data uses a filter or a checksum that is not supported",
      undefined,
      error,
    );
  }
  if (MEMORY_LIMIT.has(code))
    return archiveError("ARCHIVE_BAD_COMPRESSION", "the xz data needs too much memory", undefined, error);
  // The decoder calls it no progress, which damaged data can be the reason of, too.
  if (code === TRUNCATED && sawAll)
    return archiveError("ARCHIVE_TRUNCATED", "the compressed data ends too early", undefined, error);
  return archiveError("ARCHIVE_BAD_COMPRESSION", "the xz data is damaged", undefined, error);
}

/** First bytes of a file that `needsXzProgram` looks at. */
export const XZ_HEADER_BYTES = 64;

/**
 * True for what the decoder has no part for: checks other than CRC, filters other than LZMA2 (for machine code, above
 * all). Judged by the first block of the first stream. @see The .xz File Format, 2.1.1 and 3.1
 */
export function needsXzProgram(start: Buffer): boolean {
  const check = start[7] ?? 0;
  if (check !== 0 && check !== 1 && check !== 4) return true;
  // A size of zero is the index of a stream without blocks.
  if (!start[12]) return false;
  const flags = start[13] ?? 0;
  let at = 14;
  for (const isThere of [flags & 0x40, flags & 0x80]) {
    if (isThere === 0) continue;
    while ((start[at++] ?? 0) >= 0x80);
  }
  return (flags & 3) !== 0 || start[at] !== 0x21;
}
