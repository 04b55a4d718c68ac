import { archiveError } from "./archive-error.ts";
import { BLOCK_BYTES } from "./tar-format.ts";

// Files with holes, as GNU tar packs them: only the pieces are in the archive, and a map that says where they go.
// @see GNU tar manual, "Sparse Formats"

/** Pieces of a file, in order, without overlaps; offset and length in bytes. */
export type SparseMap = readonly (readonly [offset: number, length: number])[];

/** Holes are written as zeros, and are hashed: a larger file is a trap rather than a file. In bytes. */
const MAX_SPARSE_BYTES = 16 * 2 ** 30;
const MAX_PIECES = 1 << 20;
const MAX_MAP_BYTES = 1 << 22;
const ZEROS = Buffer.alloc(1 << 18);

/** Checks a map against the sizes of the file and of what the archive holds of it. @throws InputError `ARCHIVE_BAD_HEADER` */
export function checkSparseMap(numbers: readonly number[], fileBytes: number, name: string): SparseMap {
  if (fileBytes > MAX_SPARSE_BYTES) {
    throw archiveError(
      "ARCHIVE_BAD_HEADER",
      `a sparse file of ${fileBytes} bytes is more than is unpacked (${MAX_SPARSE_BYTES} bytes)`,
      name,
    );
  }
  const map: [number, number][] = [];
  let end = 0;
  for (let i = 0; i + 1 < numbers.length; i += 2) {
    const [offset, length] = [numbers[i]!, numbers[i + 1]!];
    if (offset < end || offset + length > fileBytes)
      throw archiveError("ARCHIVE_BAD_HEADER", "the map of a sparse file is wrong", name);
    end = offset + length;
    if (length > 0) map.push([offset, length]);
  }
  if (numbers.length % 2 !== 0 || map.length > MAX_PIECES)
    throw archiveError("ARCHIVE_BAD_HEADER", "the map of a sparse file is wrong", name);
  return map;
}

/** The numbers of the format 0.1 (`0,512,1024,512`). */
export function parseSparseList(text: string, name: string): readonly number[] {
  return text === "" ? [] : text.split(",").map((number) => decimal(number, name));
}

function decimal(text: string, name: string): number {
  const value = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
  if (!Number.isSafeInteger(value))
    throw archiveError("ARCHIVE_BAD_HEADER", "the map of a sparse file is wrong", name);
  return value;
}

/** Collects the map of the format 1.0: decimal lines before the data, in whole blocks. */
export class SparseMapReader {
  readonly #name: string;
  /** How many numbers there will be; known after the first line. */
  #count: number | undefined;
  readonly #numbers: number[] = [];
  /** The beginning of a line that goes on in the next block. */
  #line = "";
  #blocks = 0;

  constructor(name: string) {
    this.#name = name;
  }

  /** Takes one block. @returns the numbers when it was the last one */
  push(block: Buffer): readonly number[] | undefined {
    if (++this.#blocks * BLOCK_BYTES > MAX_MAP_BYTES)
      throw archiveError("ARCHIVE_BAD_HEADER", "the map of a sparse file is too long", this.#name);
    const lines = (this.#line + block.toString("latin1")).split("\n");
    this.#line = lines.pop()!.slice(0, 32);
    for (const line of lines) {
      if (this.#count === undefined) this.#count = 2 * decimal(line, this.#name);
      else if (this.#numbers.length < this.#count) this.#numbers.push(decimal(line, this.#name));
    }
    return this.#numbers.length === this.#count ? this.#numbers : undefined;
  }
}

/** Puts the pieces of a file where they belong. */
export class SparseExpander {
  readonly #map: SparseMap;
  readonly #fileBytes: number;
  readonly #out: (chunk: Buffer) => void;
  #next = 0;
  #inPiece = 0;
  #position = 0;

  constructor(map: SparseMap, fileBytes: number, out: (chunk: Buffer) => void) {
    this.#map = map;
    this.#fileBytes = fileBytes;
    this.#out = out;
  }

  /** Bytes of all pieces. */
  get dataBytes(): number {
    return this.#map.reduce((sum, [, length]) => sum + length, 0);
  }

  /** Data as the archive has it; what is more than the pieces is dropped. */
  push(data: Buffer): void {
    for (let at = 0; at < data.length;) {
      const piece = this.#map[this.#next];
      if (piece === undefined) return;
      const [offset, length] = piece;
      this.#fill(offset + this.#inPiece);
      const part = data.subarray(at, at + length - this.#inPiece);
      this.#out(part);
      at += part.length;
      this.#position += part.length;
      this.#inPiece += part.length;
      if (this.#inPiece < length) continue;
      this.#next++;
      this.#inPiece = 0;
    }
  }

  end(): void {
    this.#fill(this.#fileBytes);
  }

  #fill(upTo: number): void {
    while (this.#position < upTo) {
      const zeros = ZEROS.subarray(0, upTo - this.#position);
      this.#out(zeros);
      this.#position += zeros.length;
    }
  }
}
