import { InputError } from "@slipway/oci";
import { describe, expect, test } from "vitest";
import {
  copy,
  createVertex,
  type Definition,
  type Edge,
  type ExecOp,
  type FileAction,
  type FileOp,
  image,
  local,
  type Mount,
  type Op,
  scratch,
  toDefinition,
  validate,
  type Vertex,
} from "./index.ts";

const source = createVertex({ op: { kind: "source", identifier: "local://a", attrs: {} } });
const root: Mount = {
  kind: "bind",
  dest: "/",
  input: 0,
  selector: "",
  output: 0,
  readonly: false,
  contentCache: "default",
};
const execOp = toDefinition(image("a").run("make")).result?.vertex.op as ExecOp;

function check(op: Op, inputs: readonly Edge[] = [{ vertex: source, index: 0 }], index = 0): string {
  return checkDefinition({
    result: { vertex: createVertex({ op, inputs }), index },
    sources: [],
    locations: new Map(),
  });
}

function checkDefinition(definition: Definition): string {
  try {
    validate(definition);
  } catch (error) {
    expect(error).toBeInstanceOf(InputError);
    expect((error as InputError).hint).toBeTruthy();
    return `${(error as InputError).code} ${(error as InputError).message}`;
  }
  return "valid";
}

const withMounts = (...mounts: Partial<Mount>[]): Op => ({
  ...execOp,
  mounts: mounts.map((mount) => ({ ...root, ...mount }) as Mount),
});
const withMeta = (meta: Partial<ExecOp["meta"]>): Op => ({ ...execOp, meta: { ...execOp.meta, ...meta } });
const withAction = (action: object): Op => {
  const [base] = (toDefinition(scratch().file(copy(local("l"), "/a", "/b"))).result?.vertex.op as FileOp)
    .actions;
  return { kind: "file", actions: [{ ...base, ...action } as FileAction] };
};

test("what the building API makes is valid", () => {
  expect(checkDefinition(toDefinition(scratch()))).toBe("valid");
  expect(
    checkDefinition(
      toDefinition(
        image("a")
          .run("x")
          .root.file(copy(local("l"), "/", "/")),
      ),
    ),
  ).toBe("valid");
});

describe("validate names code, vertex and field of", () => {
  test.each<[string, string, Op]>([
    ["no arguments", "IR_NO_ARGS .*exec meta.args", withMeta({ args: [] })],
    ["a relative folder", "IR_PATH_NOT_ABSOLUTE .*meta.cwd", withMeta({ cwd: "x" })],
    ["a variable without a name", "IR_VALUE_INVALID .*meta.env\\[0\\]", withMeta({ env: ["=x"] })],
    ["a NUL in an argument", "IR_PATH_INVALID .*meta.args\\[1\\]", withMeta({ args: ["a", "b\0"] })],
    ["a NUL in a user", "IR_PATH_INVALID .*meta.user", withMeta({ user: "a\0" })],
    ["a NUL in a cgroup", "IR_PATH_INVALID .*meta.cgroupParent", withMeta({ cgroupParent: "a\0" })],
    ["a line end in a host name", "IR_VALUE_INVALID .*meta.hostname", withMeta({ hostname: "a\n6.6.6.6 b" })],
    ["a long host name", "IR_VALUE_INVALID .*meta.hostname", withMeta({ hostname: "a".repeat(65) })],
    [
      "a line end in a host",
      "IR_VALUE_INVALID .*meta.extraHosts\\[0\\].host",
      withMeta({ extraHosts: [{ host: "a\n6.6.6.6 b", ip: "1.1.1.1" }] }),
    ],
    [
      "a line end in a host's address",
      "IR_VALUE_INVALID .*meta.extraHosts\\[0\\].ip",
      withMeta({ extraHosts: [{ host: "a", ip: "1.1.1.1\n" }] }),
    ],
    [
      "a secret as a variable without a name",
      "IR_VALUE_INVALID .*secretEnv\\[0\\].name",
      { ...execOp, secretEnv: [{ id: "s", name: "=B", optional: false }] },
    ],
    ["another root", "IR_MOUNT_INVALID .*it is the root", withMounts({}, { dest: "//.", output: 1 })],
    ["a long name", "IR_PATH_INVALID .*255 bytes", withAction({ dest: `/${"ü".repeat(128)}` })],
    ["a long path", "IR_PATH_INVALID .*4095", withAction({ dest: "/a".repeat(2048) })],
    [
      "a link to a long path",
      "IR_PATH_INVALID .*oldPath",
      withAction({ kind: "symlink", oldPath: "a".repeat(4096), newPath: "/l" }),
    ],
    ["no root", "IR_NO_ROOT_MOUNT /bin/sh -c make: exec mounts", withMounts({ dest: "/x" })],
    ["two roots", "IR_MOUNT_INVALID", withMounts({}, { output: 1 })],
    [
      "a relative mount of the root",
      "IR_MOUNT_INVALID .*mounts\\[1\\].dest",
      withMounts({}, { dest: ".", output: 1 }),
    ],
    ["a mount outside", "IR_PATH_ESCAPES .*mounts\\[1\\].dest", withMounts({}, { dest: "/../x", output: 1 })],
    [
      "a selector outside",
      "IR_PATH_ESCAPES .*mounts\\[1\\].selector",
      withMounts({}, { dest: "/x", selector: "a/../../b", output: 1 }),
    ],
    [
      "an input that is not there",
      "IR_DANGLING_INPUT .*mounts\\[0\\].input: 1 is not an input; the step has 1 input",
      withMounts({ input: 1 }),
    ],
    ["an output taken twice", "IR_BAD_OUTPUT .*mounts\\[1\\].output", withMounts({}, { dest: "/x" })],
    [
      "a gap in the outputs",
      "IR_BAD_OUTPUT .*output 1 is missing",
      withMounts({}, { dest: "/x", output: 2 }),
    ],
    [
      "an output of a tmpfs",
      "IR_BAD_OUTPUT .*tmpfs",
      withMounts({}, { dest: "/x", kind: "tmpfs", output: 1, sizeBytes: 0 }),
    ],
    ["an output below -1", "IR_BAD_OUTPUT .*mounts\\[0\\].output", withMounts({ output: -2 })],
    [
      "a source without scheme",
      "IR_VALUE_INVALID .*identifier",
      { kind: "source", identifier: "x", attrs: {} },
    ],
    ["no actions", "IR_NO_ACTIONS", { kind: "file", actions: [] }],
    ["a copy to a relative path", "IR_PATH_NOT_ABSOLUTE .*actions\\[0\\].dest", withAction({ dest: "x" })],
    ["a copy from outside", "IR_PATH_ESCAPES .*actions\\[0\\].src", withAction({ src: "../x" })],
    [
      "a copy from nowhere",
      "IR_DANGLING_INPUT .*actions\\[0\\].secondaryInput",
      withAction({ secondaryInput: 7 }),
    ],
    ["an action on its own result", "IR_DANGLING_INPUT .*actions\\[0\\].input", withAction({ input: 1 })],
    [
      "an owner from nowhere",
      "IR_DANGLING_INPUT .*owner.user",
      withAction({ owner: { user: { kind: "name", name: "u", input: 3 } } }),
    ],
    ["a mode below -1", "IR_VALUE_INVALID .*mode", withAction({ mode: -2 })],
    ["no output of an action", "IR_BAD_OUTPUT .*none has an output", withAction({ output: -1 })],
    ["a merge of one", "IR_TOO_FEW_INPUTS", { kind: "merge", inputs: [0] }],
    ["a merge of what is not there", "IR_DANGLING_INPUT .*inputs\\[1\\]", { kind: "merge", inputs: [0, 1] }],
    ["a diff of what is not there", "IR_DANGLING_INPUT .*upper", { kind: "diff", lower: 0, upper: 4 }],
    ["a build of nothing", "IR_TOO_FEW_INPUTS", { kind: "build", builder: -1, inputs: {}, attrs: {} }],
  ])("%s", (_what, expected, op) => {
    expect(check(op)).toMatch(new RegExp(expected));
  });

  test("an output that the input has not", () => {
    expect(check({ kind: "merge", inputs: [0, 0] }, [{ vertex: source, index: 1 }])).toMatch(
      /^IR_BAD_OUTPUT merge: merge inputs\[0\]: local:\/\/a has no output 1/,
    );
  });

  test("a result that is no output", () => {
    expect(check(execOp, undefined, 3)).toMatch(/^IR_BAD_OUTPUT .*result/);
  });

  test("a cycle", () => {
    const inputs: Edge[] = [];
    const vertex: Vertex = { ...createVertex({ op: { kind: "merge", inputs: [0, 0] } }), inputs };
    inputs.push({ vertex, index: 0 });
    expect(checkDefinition({ result: { vertex, index: 0 }, sources: [], locations: new Map() })).toMatch(
      /^IR_CYCLE merge/,
    );
  });
});

test("an error says in which line the step was written", () => {
  const info = {
    filename: "Dockerfile",
    data: new TextEncoder().encode("FROM a\r\nWORKDIR x\r\n"),
    language: "Dockerfile",
  };
  const vertex = createVertex({ op: withMeta({ cwd: "x" }), inputs: [{ vertex: source, index: 0 }] });
  const range = { start: { line: 2, character: 8 }, end: { line: 2, character: 9 } };
  const definition: Definition = {
    result: { vertex, index: 0 },
    sources: [info],
    locations: new Map([[vertex.digest, [{ source: 0, ranges: [range] }]]]),
  };
  expect(() => validate(definition)).toThrow(
    expect.objectContaining({ location: { file: "Dockerfile", line: 2, column: 9, excerpt: "WORKDIR x" } }),
  );
});

test("targets of mounts may be relative to the working directory, as in definitions of others", () => {
  expect(check(withMounts({}, { dest: "a/b", output: 1 }))).toBe("valid");
  expect(check(withMounts({}, { dest: "../../x", output: 1 }))).toMatch("IR_PATH_ESCAPES");
});
