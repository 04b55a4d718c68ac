import { setImmediate } from "node:timers/promises";
import { archiveError } from "./archive-error.ts";
import { BitReader } from "./bit-reader.ts";
import { ByteSource } from "./byte-source.ts";

// The format: "BZh" and a digit, blocks, a trailer; several such streams may follow each other. A block is text that
// went through run-length encoding, the Burrows-Wheeler transform, move-to-front and Huffman coding.

const BLOCK_MAGIC = 0x314159265359;
const TRAILER_MAGIC = 0x177245385090;
/** More than a block can take: 900,000 symbols of 20 bits at most, and its tables. */
const MAX_BLOCK_BYTES = 3 << 20;
const GROUP_SYMBOLS = 50;
const MAX_CODE_BITS = 20;
const FAST_BITS = 10;
const OUTPUT_BYTES = 1 << 18;

/**
 * The bytes that bzip2 packed. Chunks are the taker's. Holds one block and its input at a time, about 8 MiB.
 * @throws InputError `ARCHIVE_BAD_COMPRESSION`, `ARCHIVE_TRUNCATED`; the signal's reason
 */
export async function* decompressBzip2(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  options: { readonly signal?: AbortSignal } = {},
): AsyncGenerator<Buffer, void> {
  const bytes = new ByteSource(source);
  // Streams may be as short as 14 bytes: one room serves all of them, and what waits gets its turn between them.
  const room = { links: new Uint32Array(0) };
  try {
    for (let count = 0; ; count++) {
      if (count % 256 === 255) await setImmediate(undefined, options);
      const start = await bytes.fill(4);
      if (start.length === 0 && count > 0) return;
      const level = start[3]! - 0x30;
      const isStream = start.toString("latin1", 0, 3) === "BZh" && level >= 1 && level <= 9;
      if (!isStream) {
        // What follows a stream and is none is dropped, as bzip2 does.
        if (count > 0) return;
        throw damaged("it does not begin like bzip2");
      }
      bytes.skip(4);
      yield* decompressStream(bytes, { blockSize: level * 100_000, room });
    }
  } finally {
    await bytes.close();
  }
}

async function* decompressStream(
  bytes: ByteSource,
  { blockSize, room }: { readonly blockSize: number; readonly room: { links: Uint32Array } },
): AsyncGenerator<Buffer, void> {
  let skippedBits = 0;
  let streamCrc = 0;
  for (;;) {
    const bits = new BitReader(await bytes.fill(MAX_BLOCK_BYTES), skippedBits, truncated);
    const magic = bits.take(24) * 0x1000000 + bits.take(24);
    const crc = bits.take32();
    if (magic === TRAILER_MAGIC) {
      if (crc !== streamCrc) throw damaged("its checksum is wrong");
      bytes.skip(Math.ceil(bits.position / 8));
      return;
    }
    if (magic !== BLOCK_MAGIC) throw damaged("a block does not begin like one");
    if (room.links.length < blockSize) room.links = new Uint32Array(blockSize);
    const links = room.links.subarray(0, blockSize);
    const block = readBlock(bits, links);
    bytes.skip(bits.position >>> 3);
    skippedBits = bits.position & 7;
    const checksum = { value: 0xffffffff };
    yield* unpackRuns(links, block, checksum);
    if (~checksum.value >>> 0 !== crc) throw damaged("a block's checksum is wrong");
    streamCrc = (((streamCrc << 1) | (streamCrc >>> 31)) ^ crc) >>> 0;
  }
}

interface Block {
  readonly length: number;
  /** Where the text begins. */
  readonly start: number;
}

/** Reads a block; `links` then holds, for each place, the byte there (low 8 bits) and the next place. */
function readBlock(bits: BitReader, links: Uint32Array): Block {
  if (bits.take(1) === 1) throw damaged("it was made by a bzip2 from before 1997");
  const pointer = bits.take(24);
  const alphabet = readAlphabet(bits);
  const symbolCount = alphabet.length + 2;
  const tableCount = bits.take(3);
  const selectorCount = bits.take(15);
  if (alphabet.length === 0 || tableCount < 2 || tableCount > 6 || selectorCount === 0)
    throw damaged("a block's tables are wrong");
  const selectors = readSelectors(bits, selectorCount, tableCount);
  const tables = Array.from({ length: tableCount }, () => readTable(bits, symbolCount));

  const counts = new Uint32Array(256);
  const endOfBlock = symbolCount - 1;
  let length = 0;
  let group = 0;
  let left = 0;
  let table = tables[0]!;
  let run = 0;
  let runUnit = 1;
  for (;;) {
    if (left === 0) {
      if (group >= selectorCount) throw damaged("a block goes on too long");
      table = tables[selectors[group++]!]!;
      left = GROUP_SYMBOLS;
    }
    left--;
    const symbol = table.read(bits);
    if (symbol <= 1) {
      run += runUnit << symbol;
      runUnit <<= 1;
      if (run > links.length) throw damaged("a block is longer than its size");
      continue;
    }
    if (run > 0) {
      const byte = alphabet[0]!;
      if (length + run > links.length) throw damaged("a block is longer than its size");
      links.fill(byte, length, length + run);
      counts[byte]! += run;
      length += run;
      run = 0;
      runUnit = 1;
    }
    if (symbol === endOfBlock) break;
    if (length >= links.length) throw damaged("a block is longer than its size");
    // The front of the list: what was used last.
    const at = symbol - 1;
    const byte = alphabet[at]!;
    // A loop is faster than a call for the few places that it mostly is.
    if (at > 16) alphabet.copyWithin(1, 0, at);
    else for (let i = at; i > 0; i--) alphabet[i] = alphabet[i - 1]!;
    alphabet[0] = byte;
    links[length++] = byte;
    counts[byte]!++;
  }
  if (pointer >= length) throw damaged("a block begins outside of itself");
  let sum = 0;
  const places = counts.map((count) => (sum += count) - count);
  for (let i = 0; i < length; i++) links[places[links[i]! & 0xff]!++]! |= i << 8;
  return { length, start: links[pointer]! >>> 8 };
}

/** The bytes that occur, in order. */
function readAlphabet(bits: BitReader): Uint8Array {
  const used: number[] = [];
  const ranges = bits.take(16);
  for (let range = 0; range < 16; range++) {
    if ((ranges & (0x8000 >>> range)) === 0) continue;
    const map = bits.take(16);
    for (let i = 0; i < 16; i++) if ((map & (0x8000 >>> i)) !== 0) used.push(range * 16 + i);
  }
  return Uint8Array.from(used);
}

/** Which table each group of symbols uses. */
function readSelectors(bits: BitReader, count: number, tableCount: number): Uint8Array {
  const order = Array.from({ length: tableCount }, (_, i) => i);
  return Uint8Array.from({ length: count }, () => {
    let at = 0;
    while (bits.take(1) === 1) if (++at >= tableCount) throw damaged("a block's tables are wrong");
    const [table] = order.splice(at, 1);
    order.unshift(table!);
    return table!;
  });
}

/** A canonical Huffman code. */
class HuffmanTable {
  /** By the next ten bits: length of the code and symbol, for short codes; else 0. */
  readonly #fast = new Uint16Array(1 << FAST_BITS);
  /** By length: first code that is longer, as if all had 20 bits, and the number to add to a code for its symbol's rank. */
  readonly #limits = new Uint32Array(MAX_CODE_BITS + 1);
  readonly #offsets = new Int32Array(MAX_CODE_BITS + 1);
  readonly #symbols: Uint16Array;

  constructor(lengths: Uint8Array) {
    const order = [...lengths.keys()].sort((a, b) => lengths[a]! - lengths[b]! || a - b);
    this.#symbols = Uint16Array.from(order);
    let code = 0;
    let rank = 0;
    for (let length = 1; length <= MAX_CODE_BITS; length++) {
      this.#offsets[length] = rank - code;
      while (rank < order.length && lengths[order[rank]!] === length) {
        if (length <= FAST_BITS) {
          const from = code << (FAST_BITS - length);
          this.#fast.fill((length << 9) | order[rank]!, from, from + (1 << (FAST_BITS - length)));
        }
        code++;
        rank++;
      }
      if (code > 1 << length) throw damaged("a block's tables are wrong");
      this.#limits[length] = code << (MAX_CODE_BITS - length);
      code <<= 1;
    }
  }

  read(bits: BitReader): number {
    const next = bits.peek(MAX_CODE_BITS);
    const fast = this.#fast[next >>> (MAX_CODE_BITS - FAST_BITS)]!;
    if (fast !== 0) {
      bits.skip(fast >>> 9);
      return fast & 0x1ff;
    }
    let length = FAST_BITS + 1;
    while (length <= MAX_CODE_BITS && next >= this.#limits[length]!) length++;
    const symbol = this.#symbols[(next >>> (MAX_CODE_BITS - length)) + (this.#offsets[length] ?? 0)];
    if (length > MAX_CODE_BITS || symbol === undefined)
      throw damaged("a block has a code that means nothing");
    bits.skip(length);
    return symbol;
  }
}

function readTable(bits: BitReader, symbolCount: number): HuffmanTable {
  let length = bits.take(5);
  const lengths = Uint8Array.from({ length: symbolCount }, () => {
    for (;;) {
      if (length < 1 || length > MAX_CODE_BITS) throw damaged("a block's tables are wrong");
      if (bits.take(1) === 0) return length;
      length += bits.take(1) === 0 ? 1 : -1;
    }
  });
  return new HuffmanTable(lengths);
}

/** Follows the links, and undoes the first step: four equal bytes are followed by the number of further ones. */
function* unpackRuns(links: Uint32Array, block: Block, checksum: { value: number }): Generator<Buffer, void> {
  let out = Buffer.allocUnsafeSlow(OUTPUT_BYTES);
  let filled = 0;
  let crc = checksum.value;
  let place = block.start;
  let last = -1;
  let equal = 0;
  for (let i = 0; i < block.length; i++) {
    const link = links[place]!;
    const byte = link & 0xff;
    place = link >>> 8;
    let count = 1;
    if (equal === 4) {
      count = byte;
      equal = 0;
    } else if (byte === last) equal++;
    else {
      last = byte;
      equal = 1;
    }
    if (filled + count > OUTPUT_BYTES) {
      yield out.subarray(0, filled);
      out = Buffer.allocUnsafeSlow(OUTPUT_BYTES);
      filled = 0;
    }
    for (; count > 0; count--) {
      out[filled++] = last;
      crc = (crc << 8) ^ CRC_TABLE[(crc >>> 24) ^ last]!;
    }
    if (equal === 0) last = -1;
  }
  checksum.value = crc;
  if (filled > 0) yield out.subarray(0, filled);
}

/** CRC-32 of the polynomial 04C11DB7, highest bit first. */
const CRC_TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 24;
  for (let bit = 0; bit < 8; bit++) crc = crc < 0 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
  return crc;
});

function damaged(why: string): Error {
  return archiveError("ARCHIVE_BAD_COMPRESSION", `the bzip2 data is damaged: ${why}`);
}

function truncated(): Error {
  return archiveError("ARCHIVE_TRUNCATED", "the compressed data ends too early");
}
