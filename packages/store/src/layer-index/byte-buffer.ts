import { InvariantError } from "@slipway/oci";

/** A growing buffer with the few integer forms that the index codec uses. */
export class ByteWriter {
  #buffer = Buffer.allocUnsafe(64 * 1024);
  #length = 0;

  #reserve(size: number): void {
    if (this.#length + size <= this.#buffer.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, this.#length + size));
    this.#buffer.copy(grown, 0, 0, this.#length);
    this.#buffer = grown;
  }

  u8(value: number): void {
    this.#reserve(1);
    this.#buffer[this.#length++] = value;
  }

  /** LEB128; up to 2^53 - 1. */
  varint(value: number): void {
    this.#reserve(8);
    while (value >= 0x80) {
      this.#buffer[this.#length++] = (value % 0x80) | 0x80;
      value = Math.floor(value / 0x80);
    }
    this.#buffer[this.#length++] = value;
  }

  i64(value: bigint): void {
    this.#reserve(8);
    this.#buffer.writeBigInt64LE(BigInt.asIntN(64, value), this.#length);
    this.#length += 8;
  }

  u32(value: number): void {
    this.#reserve(4);
    this.#buffer.writeUInt32LE(value, this.#length);
    this.#length += 4;
  }

  /** Length and bytes of a latin1 string, from `start` on. */
  text(value: string, start = 0): void {
    const size = value.length - start;
    this.varint(size);
    this.#reserve(size);
    if (size > 0) this.#buffer.write(start === 0 ? value : value.slice(start), this.#length, size, "latin1");
    this.#length += size;
  }

  hex(value: string, sizeBytes: number): void {
    this.#reserve(sizeBytes);
    this.#length += this.#buffer.write(value, this.#length, sizeBytes, "hex");
  }

  bytes(value: Uint8Array): void {
    this.varint(value.length);
    this.#reserve(value.length);
    this.#buffer.set(value, this.#length);
    this.#length += value.length;
  }

  /** What was written; valid until the next write. */
  done(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }
}

/** Reads what a ByteWriter wrote. @throws InvariantError past the end. */
export class ByteReader {
  readonly #buffer: Buffer;
  #at = 0;

  constructor(buffer: Buffer) {
    this.#buffer = buffer;
  }

  get atEnd(): boolean {
    return this.#at === this.#buffer.length;
  }

  #take(size: number): number {
    const at = this.#at;
    if (at + size > this.#buffer.length) throw new InvariantError("an index ends too early");
    this.#at = at + size;
    return at;
  }

  u8(): number {
    return this.#buffer[this.#take(1)]!;
  }

  varint(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.u8();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 0x80;
    }
  }

  i64(): bigint {
    return this.#buffer.readBigInt64LE(this.#take(8));
  }

  u32(): number {
    return this.#buffer.readUInt32LE(this.#take(4));
  }

  text(): string {
    const size = this.varint();
    const at = this.#take(size);
    return this.#buffer.toString("latin1", at, at + size);
  }

  hex(sizeBytes: number): string {
    const at = this.#take(sizeBytes);
    return this.#buffer.toString("hex", at, at + sizeBytes);
  }

  bytes(): Uint8Array {
    const size = this.varint();
    const at = this.#take(size);
    // A copy, so that a few bytes do not keep the whole file in memory.
    return new Uint8Array(this.#buffer.subarray(at, at + size));
  }
}
