/** Takes bytes from chunks in the amounts that a format has, and never holds more than that and one chunk. */
export class ByteSource {
  readonly #chunks: AsyncIterator<Uint8Array> | Iterator<Uint8Array>;
  #held: Buffer = Buffer.alloc(0);
  #ended = false;

  constructor(source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>) {
    this.#chunks =
      Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  }

  /** Makes sure that `count` bytes can be looked at, or as many as are left. */
  async fill(count: number): Promise<Buffer> {
    if (this.#held.length >= count || this.#ended) return this.#held;
    const pieces = [this.#held];
    let length = this.#held.length;
    while (length < count) {
      const next = await this.#chunks.next();
      if (next.done) {
        this.#ended = true;
        break;
      }
      const { buffer, byteOffset, byteLength } = next.value;
      pieces.push(Buffer.from(buffer, byteOffset, byteLength));
      length += byteLength;
    }
    this.#held = pieces.length === 2 && pieces[0]!.length === 0 ? pieces[1]! : Buffer.concat(pieces);
    return this.#held;
  }

  /** What can be looked at without waiting. */
  get held(): Buffer {
    return this.#held;
  }

  /** Drops bytes that were looked at. */
  skip(count: number): void {
    this.#held = this.#held.subarray(count);
  }

  /** Up to `count` bytes as they come; an empty buffer at the end. */
  async take(count: number): Promise<Buffer> {
    const held = await this.fill(1);
    const taken = held.subarray(0, count);
    this.skip(taken.length);
    return taken;
  }

  /** Lets the source go. */
  async close(): Promise<void> {
    await this.#chunks.return?.();
  }
}
