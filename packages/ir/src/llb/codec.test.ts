import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { InputError, sha256 } from "@slipway/oci";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  arbitraryConstraints,
  arbitraryDefinition,
  arbitraryOp,
} from "../arbitrary-definition.test.helper.ts";
import { canonicalOpBytes, createVertex } from "../create-vertex.ts";
import { DefinitionSchema, MountType, OpSchema } from "../gen/ops_pb.js";
import type { ExecOp, Op } from "../op.ts";
import type { Definition } from "../vertex.ts";
import { vertices } from "../walk.ts";
import { decode } from "./decode.ts";
import { encode } from "./encode.ts";
import { WireWriter } from "./wire-writer.ts";

/** Something with content in every field that it can have. */
function unknownFields(message: object): unknown[] {
  const found: unknown[] = [];
  const visit = (value: unknown) => {
    if (typeof value !== "object" || value === null || value instanceof Uint8Array) return;
    for (const [key, inner] of Object.entries(value)) {
      if (key === "$unknown" && Array.isArray(inner) && inner.length > 0) found.push(inner);
      else visit(inner);
    }
  };
  visit(message);
  return found;
}

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    expect((error as InputError).hint).toBeTruthy();
    return (error as InputError).code;
  }
  return "no error";
}

describe("canonical bytes", () => {
  test("are what the generated code writes, with no field that it does not know", () => {
    fc.assert(
      fc.property(arbitraryOp, arbitraryConstraints, (op, constraints) => {
        const bytes = canonicalOpBytes(op, [], constraints);
        const message = fromBinary(OpSchema, bytes);
        expect(unknownFields(message)).toEqual([]);
        // Generated code has the kind of op in its place, BuildKit behind everything else.
        const rest = toBinary(OpSchema, { ...message, op: { case: undefined } });
        const kind = toBinary(OpSchema, create(OpSchema, { op: message.op }));
        expect(Buffer.concat([rest, kind])).toEqual(Buffer.from(bytes));
      }),
    );
  });

  test("carry each value in the field of its name", () => {
    const op: ExecOp = {
      kind: "exec",
      meta: {
        args: ["a"],
        env: ["B=c"],
        cwd: "/d",
        user: "e",
        proxyEnv: { httpProxy: "1", httpsProxy: "2", ftpProxy: "3", noProxy: "4", allProxy: "5" },
        extraHosts: [{ host: "h", ip: "1.2.3.4" }],
        hostname: "f",
        ulimit: [{ name: "nofile", soft: 1, hard: -1 }],
        cgroupParent: "g",
        removeMountStubsRecursive: true,
        validExitCodes: [0, 300],
      },
      mounts: [
        {
          kind: "cache",
          dest: "/c",
          input: -1,
          selector: "s",
          output: -1,
          readonly: true,
          cacheId: "id",
          sharing: "locked",
        },
      ],
      network: "none",
      security: "insecure",
      secretEnv: [{ id: "i", name: "N", optional: true }],
      cdiDevices: [{ name: "gpu", optional: true }],
    };
    const message = fromBinary(OpSchema, canonicalOpBytes(op, [], { filter: ["f"] }));
    expect(message.op.case).toBe("exec");
    expect(message.op.value).toMatchObject({
      meta: {
        args: ["a"],
        env: ["B=c"],
        cwd: "/d",
        user: "e",
        proxyEnv: { httpProxy: "1", httpsProxy: "2", ftpProxy: "3", noProxy: "4", allProxy: "5" },
        extraHosts: [{ Host: "h", IP: "1.2.3.4" }],
        hostname: "f",
        ulimit: [{ Name: "nofile", Soft: 1n, Hard: -1n }],
        cgroupParent: "g",
        removeMountStubsRecursive: true,
        validExitCodes: [0, 300],
      },
      mounts: [
        {
          dest: "/c",
          input: -1n,
          selector: "s",
          output: -1n,
          readonly: true,
          mountType: MountType.CACHE,
          cacheOpt: { ID: "id", sharing: 2 },
        },
      ],
      network: 2,
      security: 1,
      secretenv: [{ ID: "i", name: "N", optional: true }],
      cdiDevices: [{ name: "gpu", optional: true }],
    });
    expect(message.constraints?.filter).toEqual(["f"]);
  });

  test("order map keys by their UTF-8 bytes, not by UTF-16", () => {
    const op: Op = {
      kind: "source",
      identifier: "x",
      attrs: { "\u{10000}": "1", "\uffff": "2", b: "3", a: "4" },
    };
    const message = fromBinary(OpSchema, canonicalOpBytes(op, [], { filter: [] }));
    expect(message.op.value).toMatchObject({ attrs: op.attrs });
    expect(Object.keys((message.op.value as { attrs: object }).attrs)).toEqual([
      "a",
      "b",
      "\uffff",
      "\u{10000}",
    ]);
  });

  test("do not depend on the order in which attributes were set", () => {
    const one = createVertex({ op: { kind: "source", identifier: "x", attrs: { a: "1", b: "2" } } });
    const two = createVertex({ op: { kind: "source", identifier: "x", attrs: { b: "2", a: "1" } } });
    expect(one.digest).toBe(two.digest);
  });

  test("refuse half a character and numbers that do not fit", () => {
    expect(codeOf(() => createVertex({ op: { kind: "source", identifier: "\ud800", attrs: {} } }))).toBe(
      "LLB_NOT_UTF8",
    );
    for (const input of [0.5, 2 ** 60, Number.NaN]) {
      expect(codeOf(() => createVertex({ op: { kind: "merge", inputs: [input] } }))).toBe(
        "LLB_NOT_ENCODABLE",
      );
    }
  });
});

describe("decode after encode", () => {
  test("gives the same definition, and the same bytes again", () => {
    fc.assert(
      fc.property(arbitraryDefinition, (definition) => {
        const bytes = encode(definition);
        const decoded = decode(bytes);
        expect(decoded).toEqual(definition);
        expect(Buffer.from(encode(decoded))).toEqual(Buffer.from(bytes));
      }),
      { numRuns: 300 },
    );
  });

  test("holds what the generated code reads", () => {
    fc.assert(
      fc.property(arbitraryDefinition, (definition) => {
        const bytes = encode(definition);
        const message = fromBinary(DefinitionSchema, bytes);
        expect(unknownFields(message)).toEqual([]);
        expect(Buffer.from(toBinary(DefinitionSchema, message))).toEqual(Buffer.from(bytes));
        expect(message.def.slice(0, -1).map((op) => sha256(op))).toEqual(
          vertices(definition).map((v) => v.digest),
        );
      }),
    );
  });

  test("keeps keys that mean something to JavaScript", () => {
    const attrs = Object.fromEntries([
      ["__proto__", "1"],
      ["constructor", "2"],
      ["7", "3"],
    ]);
    const vertex = createVertex({ op: { kind: "source", identifier: "x", attrs } });
    const decoded = decode(encode({ result: { vertex, index: 0 }, sources: [], locations: new Map() }));
    expect(decoded.result?.vertex.digest).toBe(vertex.digest);
    expect(Object.entries((decoded.result?.vertex.op as { attrs: object }).attrs).sort()).toEqual(
      Object.entries(attrs).sort(),
    );
  });
});

describe("decode", () => {
  const a = createVertex({ op: { kind: "source", identifier: "local://a", attrs: {} } });
  const b = createVertex({ op: { kind: "merge", inputs: [0, 0] }, inputs: [{ vertex: a, index: 0 }] });
  const opA = canonicalOpBytes(a.op, a.inputs, a.constraints);
  const opB = canonicalOpBytes(b.op, b.inputs, b.constraints);
  const definition: Definition = { result: { vertex: b, index: 0 }, sources: [], locations: new Map() };

  function closing(digest: string, index = 0): Uint8Array {
    const w = new WireWriter();
    w.begin(1);
    w.string(1, digest);
    w.int64(2, index);
    w.end();
    return w.finish();
  }

  function definitionOf(...ops: Uint8Array[]): Uint8Array {
    const w = new WireWriter();
    for (const op of ops) w.bytesElement(1, op);
    return w.finish();
  }

  test("reads no ops at all as an empty filesystem", () => {
    expect(decode(new Uint8Array(0)).result).toBeNull();
  });

  test("resolves inputs by the digest of the bytes as they were given", () => {
    // The same op with its fields in another order: constraints last, as BuildKit before 0.18 wrote them.
    const odd = Buffer.concat([opA.subarray(2), opA.subarray(0, 2)]);
    const w = new WireWriter();
    w.begin(1);
    w.string(1, sha256(odd));
    w.end();
    w.begin(6);
    w.begin(1);
    w.end();
    w.begin(1);
    w.end();
    w.end();
    const merge = w.finish();
    const { result } = decode(definitionOf(odd, merge, closing(sha256(merge))));
    expect(result?.vertex.digest).toBe(b.digest);
    expect(result?.vertex.inputs[0]?.vertex.digest).toBe(a.digest);
    expect(a.digest).not.toBe(sha256(odd));
  });

  test("makes one vertex of two spellings of a step", () => {
    const odd = Buffer.concat([opA.subarray(2), opA.subarray(0, 2)]);
    const w = new WireWriter();
    for (const digest of [a.digest, sha256(odd)]) {
      w.begin(1);
      w.string(1, digest);
      w.end();
    }
    w.begin(6);
    w.end();
    const merge = w.finish();
    const { result } = decode(definitionOf(opA, odd, merge, closing(sha256(merge))));
    const [first, second] = result?.vertex.inputs ?? [];
    expect(first?.vertex).toBe(second?.vertex);
  });

  test.each<[string, string, () => Uint8Array]>([
    ["an input that is not there", "LLB_DANGLING_INPUT", () => definitionOf(opB, closing(b.digest))],
    ["an op before its input", "LLB_NOT_TOPOLOGICAL", () => definitionOf(opB, opA, closing(b.digest))],
    ["an op twice", "LLB_DUPLICATE_OP", () => definitionOf(opA, opA, closing(a.digest))],
    ["a result that is not there", "LLB_DANGLING_INPUT", () => definitionOf(opA, closing(b.digest))],
    ["a result that is no digest", "LLB_BAD_DIGEST", () => definitionOf(opA, closing("sha256:xyz"))],
    ["no closing op", "LLB_NO_RESULT", () => definitionOf(opA, opB)],
    ["one op alone", "LLB_NO_RESULT", () => definitionOf(opA)],
    ["a closing op without input", "LLB_NO_RESULT", () => definitionOf(opA, new Uint8Array(0))],
    [
      "an op without a kind in the middle",
      "LLB_UNKNOWN_OP",
      () => definitionOf(opA, closing(a.digest), opB, closing(b.digest)),
    ],
    ["a negative output", "LLB_BAD_INDEX", () => definitionOf(opA, closing(a.digest, -1))],
    [
      "an op of a newer kind",
      "LLB_UNKNOWN_OP",
      () => definitionOf(Buffer.from([0x4a, 0]), closing(a.digest)),
    ],
    ["a passthrough op", "LLB_UNKNOWN_OP", () => definitionOf(Buffer.from([0x42, 0]), closing(a.digest))],
    [
      "an op of two kinds",
      "LLB_MALFORMED",
      () => definitionOf(Buffer.from([0x1a, 0, 0x32, 0]), closing(a.digest)),
    ],
    [
      "an unknown network",
      "LLB_UNKNOWN_VALUE",
      () => definitionOf(Buffer.from([0x12, 2, 0x18, 9]), closing(a.digest)),
    ],
    [
      "a mount's input of -2",
      "LLB_BAD_INDEX",
      () =>
        definitionOf(
          Buffer.from([0x12, 13, 0x12, 11, 0x08, 0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]),
          closing(a.digest),
        ),
    ],
    [
      "an unknown file action",
      "LLB_UNKNOWN_OP",
      () => definitionOf(Buffer.from([0x22, 4, 0x12, 2, 0x4a, 0]), closing(a.digest)),
    ],
    [
      "bytes that are not UTF-8",
      "LLB_MALFORMED",
      () => definitionOf(Buffer.from([0x1a, 3, 0x0a, 1, 0xff]), closing(a.digest)),
    ],
    [
      "a wrong wire type",
      "LLB_MALFORMED",
      () => definitionOf(Buffer.from([0x1a, 2, 0x08, 1]), closing(a.digest)),
    ],
    ["a group", "LLB_MALFORMED", () => Buffer.from([0x0b, 0x0c])],
    ["a length beyond the end", "LLB_MALFORMED", () => Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f])],
    ["a varint without end", "LLB_MALFORMED", () => Buffer.from([0x0a, 0x80])],
    ["another builder", "LLB_UNSUPPORTED", () => definitionOf(Buffer.from([0x2a, 0]), closing(a.digest))],
  ])("refuses %s", (_what, code, bytes) => {
    expect(codeOf(() => decode(bytes()))).toBe(code);
  });

  test("refuses a location in a file that is not there", () => {
    const bytes = encode({ ...definition, locations: new Map([[a.digest, [{ source: 1, ranges: [] }]]]) });
    expect(codeOf(() => decode(bytes))).toBe("LLB_BAD_INDEX");
  });

  test("refuses more than the limits allow", () => {
    const bytes = encode(definition);
    expect(codeOf(() => decode(bytes, { maxBytes: bytes.length - 1 }))).toBe("LLB_TOO_LARGE");
    expect(codeOf(() => decode(bytes, { maxOps: 2 }))).toBe("LLB_TOO_LARGE");
    expect(decode(bytes, { maxBytes: bytes.length, maxOps: 3 }).result?.vertex.digest).toBe(b.digest);
  });

  test("refuses every truncation within an op", () => {
    const bytes = definitionOf(opA, opB, closing(b.digest));
    for (let length = 1; length < bytes.length; length++) {
      expect(codeOf(() => decode(bytes.subarray(0, length)))).toMatch(/^LLB_/);
    }
  });

  test("throws nothing but InputErrors, whatever the bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        expect(codeOf(() => decode(bytes))).toMatch(/^LLB_|^no error$/);
      }),
      { numRuns: 500 },
    );
  });

  test("throws nothing but InputErrors for damaged definitions", () => {
    fc.assert(
      fc.property(
        arbitraryDefinition,
        fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { minLength: 1, maxLength: 5 }),
        (d, edits) => {
          const bytes = encode(d);
          for (const [at, value] of edits) if (bytes.length > 0) bytes[at % bytes.length] = value;
          expect(codeOf(() => decode(bytes))).toMatch(/^LLB_|^no error$/);
        },
      ),
      { numRuns: 300 },
    );
  });
});
