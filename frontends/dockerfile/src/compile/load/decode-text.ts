import type { Span } from "../../syntax/source-text.ts";

/** The text of a file. */
export interface DecodedText {
  /** A byte-order mark stays; each byte that belongs to no character is U+FFFD, as for Go. */
  readonly text: string;
  /** Absent when all of it is UTF-8. */
  readonly wrong?: WrongBytes;
}

/** The bytes of a text that are no UTF-8. Places are UTF-16 offsets in the text without its byte-order mark. */
export class WrongBytes {
  readonly #text: string;
  readonly #values: ReadonlyMap<number, number>;
  readonly #offsets: readonly number[];

  /** `values` has the bytes at their offsets, in order. */
  constructor(text: string, values: ReadonlyMap<number, number>) {
    this.#text = text;
    this.#values = values;
    this.#offsets = [...values.keys()];
  }

  /** The offsets in a range at which there is such a byte, in order. */
  within({ start, end }: Span): readonly number[] {
    return this.#offsets.filter((offset) => offset >= start && offset < end);
  }

  /** What a range was in the file. */
  bytes(span: Span): Uint8Array {
    const encoder = new TextEncoder();
    const pieces: Uint8Array[] = [];
    let done = span.start;
    for (const offset of this.within(span)) {
      pieces.push(encoder.encode(this.#text.slice(done, offset)), Uint8Array.of(this.#values.get(offset)!));
      done = offset + 1;
    }
    pieces.push(encoder.encode(this.#text.slice(done, span.end)));
    return Buffer.concat(pieces);
  }
}

/** Decodes UTF-8, and remembers what is none. */
export function decodeText(bytes: Uint8Array): DecodedText {
  try {
    return { text: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch {
    return decodeWrong(bytes);
  }
}

function decodeWrong(bytes: Uint8Array): DecodedText {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  const values = new Map<number, number>();
  const pieces: string[] = [];
  let length = 0;
  let start = 0;
  const push = (piece: string): void => {
    pieces.push(piece);
    length += piece.length;
  };
  for (let at = 0; at < bytes.length;) {
    const size = characterSize(bytes, at);
    if (size > 0) {
      at += size;
      continue;
    }
    if (at > start) push(decoder.decode(bytes.subarray(start, at)));
    values.set(length, bytes[at]!);
    push("\uFFFD");
    start = ++at;
  }
  push(decoder.decode(bytes.subarray(start)));
  const text = pieces.join("");
  const hasMark = text.startsWith("\uFEFF");
  if (!hasMark) return { text, wrong: new WrongBytes(text, values) };
  const moved = new Map([...values].map(([offset, value]) => [offset - 1, value]));
  return { text, wrong: new WrongBytes(text.slice(1), moved) };
}

/**
 * How many bytes the character at `at` has, 0 when there is none.
 * @see Unicode, table 3-7, well-formed UTF-8 byte sequences
 */
function characterSize(bytes: Uint8Array, at: number): number {
  const first = bytes[at]!;
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return 0;
  const size = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  const lowest = first === 0xe0 ? 0xa0 : first === 0xf0 ? 0x90 : 0x80;
  const highest = first === 0xed ? 0x9f : first === 0xf4 ? 0x8f : 0xbf;
  const second = bytes[at + 1] ?? 0;
  if (second < lowest || second > highest) return 0;
  for (let i = 2; i < size; i++) if (((bytes[at + i] ?? 0) & 0xc0) !== 0x80) return 0;
  return size;
}
