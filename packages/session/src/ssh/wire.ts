// The data types of the SSH protocol. @see RFC 4251, section 5

/** Reads one value after the other. */
export class SshReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** @throws RangeError at the end of the bytes, as all others. */
  uint32(): number {
    const value = this.#bytes.readUInt32BE(this.#at);
    this.#at += 4;
    return value;
  }

  string(): Buffer {
    return this.bytes(this.uint32());
  }

  text(): string {
    return this.string().toString("latin1");
  }

  /** The magnitude of a positive mpint, without leading zeros. */
  magnitude(): Buffer {
    const bytes = this.string();
    const first = bytes.findIndex((byte) => byte !== 0);
    return first < 0 ? Buffer.alloc(0) : bytes.subarray(first);
  }

  bytes(size: number): Buffer {
    if (this.#at + size > this.#bytes.length) throw new RangeError("the SSH message ends too early");
    this.#at += size;
    return this.#bytes.subarray(this.#at - size, this.#at);
  }
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** A string; text is ASCII. */
export function sshString(value: Uint8Array | string): Buffer {
  const bytes = typeof value === "string" ? Buffer.from(value, "latin1") : value;
  return Buffer.concat([uint32(bytes.length), bytes]);
}

/** A positive mpint of a magnitude in big-endian order. */
export function mpint(magnitude: Uint8Array): Buffer {
  const first = magnitude.findIndex((byte) => byte !== 0);
  const digits = first < 0 ? Buffer.alloc(0) : magnitude.subarray(first);
  const needsSign = (digits[0] ?? 0) >= 0x80;
  return sshString(needsSign ? Buffer.concat([Buffer.alloc(1), digits]) : digits);
}
