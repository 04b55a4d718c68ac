/** Reads bits, the highest of each byte first. */
export class BitReader {
  readonly #bytes: Uint8Array;
  readonly #onEnd: () => Error;
  /** In bits. */
  #position: number;

  /** @param onEnd makes the error for reading beyond the end */
  constructor(bytes: Uint8Array, position: number, onEnd: () => Error) {
    this.#bytes = bytes;
    this.#position = position;
    this.#onEnd = onEnd;
  }

  /** Bits that were read. */
  get position(): number {
    return this.#position;
  }

  /** The next `count` bits, at most 24, without taking them; zeros follow the end. */
  peek(count: number): number {
    const at = this.#position >>> 3;
    const bytes = this.#bytes;
    const word =
      ((bytes[at] ?? 0) << 24) |
      ((bytes[at + 1] ?? 0) << 16) |
      ((bytes[at + 2] ?? 0) << 8) |
      (bytes[at + 3] ?? 0);
    return (word << (this.#position & 7)) >>> (32 - count);
  }

  skip(count: number): void {
    this.#position += count;
    if (this.#position > this.#bytes.length * 8) throw this.#onEnd();
  }

  /** The next `count` bits, at most 24. */
  take(count: number): number {
    const value = this.peek(count);
    this.skip(count);
    return value;
  }

  take32(): number {
    return this.take(16) * 0x10000 + this.take(16);
  }
}
