import { BinaryWriter } from "@bufbuild/protobuf/wire";
import { InputError } from "@slipway/oci";

const VARINT = 0;
const LENGTH_DELIMITED = 2;

const INT32_MIN = -0x8000_0000;
const INT32_MAX = 0x7fff_ffff;
const INT64_MIN = -(2n ** 63n);
const INT64_MAX = 2n ** 63n - 1n;

/**
 * Writes protobuf fields the way Go's deterministic marshaller does: the caller gives them in the order of their
 * numbers, and scalars with proto3's default value are left out.
 */
export class WireWriter {
  readonly #out = new BinaryWriter();

  /** What was written; the writer is empty afterwards and may be used again. */
  finish(): Uint8Array {
    return this.#out.finish();
  }

  string(field: number, value: string): void {
    if (value !== "") this.element(field, value);
  }

  /** A string that is written even when empty: an element of a repeated field, or a half of a map entry. */
  element(field: number, value: string): void {
    if (!value.isWellFormed()) {
      throw new InputError("LLB_NOT_UTF8", `${JSON.stringify(value)} can't be written as UTF-8`, {
        hint: "Remove the lone surrogate (half of a character) from the text.",
      });
    }
    this.#out.uint32((field << 3) | LENGTH_DELIMITED).string(value);
  }

  strings(field: number, values: readonly string[]): void {
    for (const value of values) this.element(field, value);
  }

  bytes(field: number, value: Uint8Array): void {
    if (value.length > 0) this.bytesElement(field, value);
  }

  bytesElement(field: number, value: Uint8Array): void {
    this.#out.uint32((field << 3) | LENGTH_DELIMITED).bytes(value);
  }

  bool(field: number, value: boolean): void {
    if (value) this.boolElement(field, true);
  }

  boolElement(field: number, value: boolean): void {
    this.#out.uint32((field << 3) | VARINT).bool(value);
  }

  uint32(field: number, value: number): void {
    if (value !== 0) this.uint32Element(field, value);
  }

  uint32Element(field: number, value: number): void {
    if (!Number.isInteger(value) || value < 0 || value > 0xffff_ffff) notEncodable(value, "unsigned 32-bit");
    this.#out.uint32((field << 3) | VARINT).uint32(value);
  }

  int32(field: number, value: number): void {
    if (value === 0) return;
    if (!Number.isInteger(value) || value < INT32_MIN || value > INT32_MAX) notEncodable(value, "32-bit");
    this.#out.uint32((field << 3) | VARINT).int32(value);
  }

  int64(field: number, value: number | bigint): void {
    if (value === 0 || value === 0n) return;
    const out = this.#out.uint32((field << 3) | VARINT);
    if (typeof value === "bigint") {
      if (value < INT64_MIN || value > INT64_MAX) notEncodable(value, "64-bit");
      out.int64(value);
      return;
    }
    if (!Number.isSafeInteger(value)) notEncodable(value, "64-bit");
    // A negative int32 and the same int64 have the same bytes; this way avoids a BigInt.
    if (value >= INT32_MIN && value <= INT32_MAX) out.int32(value);
    else out.int64(BigInt(value));
  }

  /** Proto3's packed form of a repeated int32. */
  packedInt32(field: number, values: readonly number[]): void {
    if (values.length === 0) return;
    this.begin(field);
    for (const value of values) {
      if (!Number.isInteger(value) || value < INT32_MIN || value > INT32_MAX) notEncodable(value, "32-bit");
      this.#out.int32(value);
    }
    this.end();
  }

  /** Opens a message; also an empty one is written. Close it with `end`. */
  begin(field: number): void {
    this.#out.uint32((field << 3) | LENGTH_DELIMITED).fork();
  }

  end(): void {
    this.#out.join();
  }

  /** A `map<string, string>`, by the order of the keys' UTF-8 bytes. */
  stringMap(field: number, map: Readonly<Record<string, string>>): void {
    for (const key of sortedKeys(map)) {
      this.begin(field);
      this.element(1, key);
      this.element(2, map[key] as string);
      this.end();
    }
  }
}

function notEncodable(value: number | bigint, what: string): never {
  throw new InputError("LLB_NOT_ENCODABLE", `${value} is not a ${what} integer`, {
    hint: "Use a whole number that fits the field.",
  });
}

/** Orders strings by their UTF-8 bytes, as Go does; JavaScript's own order differs beyond U+FFFF. */
export function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    const xIsSurrogate = (x & 0xf800) === 0xd800;
    const yIsSurrogate = (y & 0xf800) === 0xd800;
    if (xIsSurrogate !== yIsSurrogate) return xIsSurrogate ? 1 : -1;
    return x - y;
  }
  return a.length - b.length;
}

/** Own keys by the order of their UTF-8 bytes. */
export function sortedKeys(map: Readonly<Record<string, unknown>>): string[] {
  return Object.keys(map).sort(compareUtf8);
}
