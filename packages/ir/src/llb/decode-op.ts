import type { Platform } from "@slipway/oci";
import { NO_INPUT, type BuildOp, type Constraints, type Op } from "../op.ts";
import { decodeExec } from "./decode-exec.ts";
import { decodeFile } from "./decode-file.ts";
import { BUILD, DIFF, INPUT, MERGE, OP, PLATFORM, SOURCE } from "./fields.ts";
import { llbError, readFields, readMapEntry } from "./wire-reader.ts";

/** An input as a client wrote it; the digest is not checked yet. */
export interface DecodedInput {
  readonly digest: string;
  readonly index: number;
}

/** What one element of `pb.Definition.def` says. `op` is null for the closing op. */
export interface DecodedOp {
  readonly op: Op | null;
  readonly inputs: readonly DecodedInput[];
  readonly constraints: Constraints;
}

/** Reads a `pb.Op`. Indexes into its own inputs are left to `validate`. */
export function decodeOp(bytes: Uint8Array, where: string): DecodedOp {
  let op: Op | null = null;
  const inputs: DecodedInput[] = [];
  let platform: Platform | undefined;
  const filter: string[] = [];
  readFields(bytes, where, (field) => {
    switch (field.number) {
      case OP.inputs:
        inputs.push(decodeInput(field.bytes(), where));
        return;
      case OP.platform:
        platform = decodePlatform(field.bytes(), where);
        return;
      case OP.constraints:
        readFields(field.bytes(), `${where}, constraints`, (inner) => {
          if (inner.number === 1) filter.push(inner.string());
        });
        return;
    }
    const read = KINDS[field.number];
    // Whatever else an op may hold in future says what to do, so that leaving it out would build something else.
    if (!read)
      throw llbError(
        "LLB_UNKNOWN_OP",
        where,
        `field ${field.number} is not known: a kind of op of a newer client`,
      );
    if (op) throw llbError("LLB_MALFORMED", where, "it has two kinds");
    op = read(field.bytes(), where);
  });
  return { op, inputs, constraints: platform ? { platform, filter } : { filter } };
}

const KINDS: Readonly<Record<number, (bytes: Uint8Array, where: string) => Op>> = {
  [OP.exec]: decodeExec,
  [OP.source]: decodeSource,
  [OP.file]: decodeFile,
  [OP.build]: decodeBuild,
  [OP.merge]: (bytes, where) => {
    const inputs: number[] = [];
    readFields(bytes, `${where}, merge`, (field) => {
      if (field.number === MERGE.inputs)
        inputs.push(decodeIndexMessage(field.bytes(), `${where}, merge input`));
    });
    return { kind: "merge", inputs };
  },
  [OP.diff]: (bytes, where) => {
    let lower = NO_INPUT;
    let upper = NO_INPUT;
    readFields(bytes, `${where}, diff`, (field) => {
      if (field.number === DIFF.lower) lower = decodeIndexMessage(field.bytes(), `${where}, diff lower`);
      else if (field.number === DIFF.upper) upper = decodeIndexMessage(field.bytes(), `${where}, diff upper`);
    });
    return { kind: "diff", lower, upper };
  },
  [OP.passthrough]: (_bytes, where) => {
    throw llbError("LLB_UNKNOWN_OP", where, "passthrough ops are not supported");
  },
};

function decodeIndexMessage(bytes: Uint8Array, where: string): number {
  let index = 0;
  readFields(bytes, where, (field) => {
    if (field.number === 1) index = field.index();
  });
  return index;
}

function decodeInput(bytes: Uint8Array, where: string): DecodedInput {
  let digest = "";
  let index = 0;
  readFields(bytes, `${where}, input`, (field) => {
    if (field.number === INPUT.digest) digest = field.string();
    else if (field.number === INPUT.index) index = field.int();
  });
  if (index < 0) throw llbError("LLB_BAD_INDEX", `${where}, input`, `${index} is not an output's index`);
  return { digest, index };
}

function decodePlatform(bytes: Uint8Array, where: string): Platform {
  let architecture = "";
  let os = "";
  let variant = "";
  let osVersion = "";
  const osFeatures: string[] = [];
  readFields(bytes, `${where}, platform`, (field) => {
    if (field.number === PLATFORM.architecture) architecture = field.string();
    else if (field.number === PLATFORM.os) os = field.string();
    else if (field.number === PLATFORM.variant) variant = field.string();
    else if (field.number === PLATFORM.osVersion) osVersion = field.string();
    else if (field.number === PLATFORM.osFeatures) osFeatures.push(field.string());
  });
  return {
    os,
    architecture,
    ...(variant ? { variant } : {}),
    ...(osVersion ? { osVersion } : {}),
    ...(osFeatures.length > 0 ? { osFeatures } : {}),
  };
}

function decodeSource(bytes: Uint8Array, where: string): Op {
  let identifier = "";
  const attrs: [string, string][] = [];
  readFields(bytes, `${where}, source`, (field) => {
    if (field.number === SOURCE.identifier) identifier = field.string();
    else if (field.number === SOURCE.attrs)
      attrs.push(decodeStringEntry(field.bytes(), `${where}, source attrs`));
  });
  // fromEntries makes own properties even of names such as __proto__.
  return { kind: "source", identifier, attrs: Object.fromEntries(attrs) };
}

/** Reads an entry of a `map<string, string>`. */
export function decodeStringEntry(bytes: Uint8Array, where: string): [string, string] {
  let value = "";
  const key = readMapEntry(bytes, where, (field) => {
    value = field.string();
  });
  return [key, value];
}

function decodeBuild(bytes: Uint8Array, where: string): BuildOp {
  let builder = 0;
  const inputs: [string, number][] = [];
  const attrs: [string, string][] = [];
  const message = `${where}, build`;
  readFields(bytes, message, (field) => {
    if (field.number === BUILD.builder) builder = field.int();
    else if (field.number === BUILD.inputs) {
      let index = 0;
      const name = readMapEntry(field.bytes(), `${message} inputs`, (value) => {
        index = decodeIndexMessage(value.bytes(), `${message} input`);
      });
      inputs.push([name, index]);
    } else if (field.number === BUILD.attrs) attrs.push(decodeStringEntry(field.bytes(), `${message} attrs`));
    else if (field.number === BUILD.def && field.bytes().length > 0) {
      throw llbError("LLB_UNSUPPORTED", message, "a definition inside the op is not supported");
    }
  });
  if (builder !== -1)
    throw llbError("LLB_UNSUPPORTED", message, `builder ${builder} is not supported, only -1`);
  return { kind: "build", builder, inputs: Object.fromEntries(inputs), attrs: Object.fromEntries(attrs) };
}
