import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { InputError } from "@slipway/oci";

/** Codes of the errors that `decode` throws. */
export type LlbErrorCode =
  | "LLB_MALFORMED"
  | "LLB_TOO_LARGE"
  | "LLB_UNKNOWN_OP"
  | "LLB_UNKNOWN_VALUE"
  | "LLB_UNSUPPORTED"
  | "LLB_BAD_INDEX"
  | "LLB_BAD_DIGEST"
  | "LLB_DANGLING_INPUT"
  | "LLB_NOT_TOPOLOGICAL"
  | "LLB_DUPLICATE_OP"
  | "LLB_NO_RESULT";

const HINTS: Readonly<Record<LlbErrorCode, string>> = {
  LLB_MALFORMED: "The bytes are damaged or are not an LLB definition: have the client write it again.",
  LLB_TOO_LARGE: "Split the build, or raise the limit if the definition comes from somebody you trust.",
  LLB_UNKNOWN_OP: "The client is newer than this Slipway: update Slipway, or have the client use older ops.",
  LLB_UNKNOWN_VALUE:
    "The client is newer than this Slipway: update Slipway, or have the client use an older value.",
  LLB_UNSUPPORTED: "Have the client avoid this feature.",
  LLB_BAD_INDEX: "Indexes count from 0; -1 stands for nothing.",
  LLB_BAD_DIGEST: "A digest is sha256: followed by 64 lower-case hexadecimal digits.",
  LLB_DANGLING_INPUT: "A definition holds every op that it refers to: have the client send it whole.",
  LLB_NOT_TOPOLOGICAL: "Put each op behind the ops that it uses.",
  LLB_DUPLICATE_OP: "Put each op into the definition once.",
  LLB_NO_RESULT: "The last op has no kind and one input: the result.",
};

/** An error in LLB bytes. `where` names the message or op. */
export function llbError(
  code: LlbErrorCode,
  where: string,
  what: string,
  cause?: unknown,
): InputError<LlbErrorCode> {
  return new InputError(code, `${where}: ${what}`, { hint: HINTS[code], cause });
}

/**
 * One field of a message, positioned at its value. Exactly one of the reading methods may be called, once; all of
 * them throw `LLB_MALFORMED` when the value has another wire type or reaches beyond the message.
 */
export class WireField {
  number = 0;
  readonly message: string;
  readonly #reader: BinaryReader;
  #wireType: WireType = WireType.Varint;
  #taken = false;

  constructor(reader: BinaryReader, message: string) {
    this.#reader = reader;
    this.message = message;
  }

  /** Moves to the next field; used by `readFields`. */
  next(): void {
    [this.number, this.#wireType] = this.#reader.tag();
    if (this.#wireType === WireType.StartGroup || this.#wireType === WireType.EndGroup) {
      throw llbError("LLB_MALFORMED", this.message, `field ${this.number} is a group`);
    }
    this.#taken = false;
  }

  /** Skips a value that nobody has read: a field of a newer client. */
  finish(): void {
    if (!this.#taken) this.#reader.skip(this.#wireType, this.number);
    // A varint may have run over the end without the reader noticing.
    if (this.#reader.pos > this.#reader.len) throw new RangeError("premature end");
  }

  bytes(): Uint8Array {
    this.#take(WireType.LengthDelimited);
    return this.#reader.bytes();
  }

  string(): string {
    this.#take(WireType.LengthDelimited);
    return this.#reader.string(true);
  }

  bool(): boolean {
    this.#take(WireType.Varint);
    return this.#reader.bool();
  }

  int64(): bigint {
    this.#take(WireType.Varint);
    return BigInt(this.#reader.int64());
  }

  /** An int64 that JavaScript's numbers hold exactly. */
  int(): number {
    const value = this.int64();
    const number = Number(value);
    if (!Number.isSafeInteger(number)) {
      throw llbError("LLB_BAD_INDEX", this.message, `field ${this.number} is ${value}, beyond 2^53`);
    }
    return number;
  }

  /** An index, or -1 for none. */
  index(): number {
    const value = this.int();
    if (value < -1)
      throw llbError("LLB_BAD_INDEX", this.message, `field ${this.number} is ${value}, not an index`);
    return value;
  }

  int32(): number {
    this.#take(WireType.Varint);
    return this.#reader.int32();
  }

  /** A repeated int32's next values, packed or not. */
  int32s(): number[] {
    if (this.#wireType !== WireType.LengthDelimited) return [this.int32()];
    const packed = new BinaryReader(this.bytes());
    const values: number[] = [];
    while (packed.pos < packed.len) values.push(packed.int32());
    if (packed.pos > packed.len) throw new RangeError("premature end");
    return values;
  }

  uint32(): number {
    this.#take(WireType.Varint);
    return this.#reader.uint32();
  }

  /** An enum's value by its number. */
  oneOf<const Names extends readonly string[]>(names: Names): Names[number] {
    const value = this.int32();
    const name = names[value];
    if (name === undefined) {
      throw llbError(
        "LLB_UNKNOWN_VALUE",
        this.message,
        `field ${this.number} has the unknown value ${value}`,
      );
    }
    return name;
  }

  #take(wireType: WireType): void {
    if (this.#wireType !== wireType) {
      throw llbError(
        "LLB_MALFORMED",
        this.message,
        `field ${this.number} has wire type ${this.#wireType}, not ${wireType}`,
      );
    }
    this.#taken = true;
  }
}

/**
 * Calls `visit` for each field of a message, in the order of the bytes. Fields that `visit` leaves alone are skipped.
 * @throws InputError `LLB_MALFORMED` for anything that is not a protobuf message
 */
export function readFields(bytes: Uint8Array, message: string, visit: (field: WireField) => void): void {
  const reader = new BinaryReader(bytes);
  const field = new WireField(reader, message);
  try {
    while (reader.pos < reader.len) {
      field.next();
      visit(field);
      field.finish();
    }
  } catch (error) {
    if (error instanceof InputError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw llbError("LLB_MALFORMED", message, `near byte ${reader.pos}: ${why}`, error);
  }
}

/** Reads a map's entry: a message of a string key and a value; both may be absent. */
export function readMapEntry(
  bytes: Uint8Array,
  message: string,
  onValue: (field: WireField) => void,
): string {
  let key = "";
  readFields(bytes, message, (field) => {
    if (field.number === 1) key = field.string();
    else if (field.number === 2) onValue(field);
  });
  return key;
}
