import { InputError, type SourceLocation, unreachable } from "@slipway/oci";
import type { BuildOp, ChownOpt, ExecOp, FileAction, FileOp, InputIndex, Op, OutputIndex } from "./op.ts";
import { escapesRoot, resolvePath } from "./posix-path.ts";
import type { Definition, Vertex } from "./vertex.ts";
import { vertexName } from "./vertex-name.ts";
import { walkVertices } from "./walk.ts";

/** Codes of the errors that `validate` throws. */
export type ValidationCode =
  | "IR_CYCLE"
  | "IR_DANGLING_INPUT"
  | "IR_BAD_OUTPUT"
  | "IR_NO_ROOT_MOUNT"
  | "IR_MOUNT_INVALID"
  | "IR_NO_ARGS"
  | "IR_NO_ACTIONS"
  | "IR_TOO_FEW_INPUTS"
  | "IR_PATH_ESCAPES"
  | "IR_PATH_NOT_ABSOLUTE"
  | "IR_PATH_INVALID"
  | "IR_VALUE_INVALID";

/**
 * Checks that a definition makes sense: every input and output that is named exists, commands have arguments and a
 * root, paths stay below their root. Digests are not recomputed.
 * @throws InputError with a `ValidationCode`, naming vertex and field, with the location when the definition has it
 */
export function validate(definition: Definition): void {
  const { result } = definition;
  if (!result) return;
  for (const vertex of walkVertices(result)) {
    const check = new VertexCheck(vertex, definition);
    check.inputs();
    check.op();
  }
  const check = new VertexCheck(result.vertex, definition);
  if (!outputIndexes(result.vertex.op).has(result.index)) {
    check.fail(
      "IR_BAD_OUTPUT",
      "result",
      `it has no output ${result.index}`,
      "Take the result from an output that the step has.",
    );
  }
}

/** The outputs that an op gives. */
export function outputIndexes(op: Op): ReadonlySet<OutputIndex> {
  switch (op.kind) {
    case "exec":
      return new Set(op.mounts.map((mount) => mount.output).filter((output) => output >= 0));
    case "file":
      return new Set(op.actions.map((action) => action.output).filter((output) => output >= 0));
    case "source":
    case "merge":
    case "diff":
    case "build":
      return new Set([0]);
    default:
      return unreachable(op, "op");
  }
}

/** What Linux takes: NAME_MAX, PATH_MAX without its NUL, HOST_NAME_MAX. */
const MAX_NAME_BYTES = 255;
const MAX_PATH_BYTES = 4095;
const MAX_HOST_NAME_BYTES = 64;

class VertexCheck {
  readonly #vertex: Vertex;
  readonly #definition: Definition;

  constructor(vertex: Vertex, definition: Definition) {
    this.#vertex = vertex;
    this.#definition = definition;
  }

  fail(code: ValidationCode, field: string, what: string, hint: string): never {
    const { digest, op } = this.#vertex;
    const location = this.#location();
    throw new InputError(code, `${vertexName(this.#vertex)}: ${op.kind} ${field}: ${what}`, {
      hint,
      ...(location ? { location } : {}),
      data: { vertex: digest, field },
    });
  }

  inputs(): void {
    for (const [i, { vertex, index }] of this.#vertex.inputs.entries()) {
      if (!outputIndexes(vertex.op).has(index)) {
        this.fail(
          "IR_BAD_OUTPUT",
          `inputs[${i}]`,
          `${vertexName(vertex)} has no output ${index}`,
          "Use an output that the step has; read-only, cache and tmpfs mounts have none.",
        );
      }
    }
  }

  op(): void {
    const { op } = this.#vertex;
    switch (op.kind) {
      case "source":
        if (!/^[a-z][a-z0-9+.-]*:\/\/./.test(op.identifier)) {
          this.fail(
            "IR_VALUE_INVALID",
            "identifier",
            `${JSON.stringify(op.identifier)} is not one`,
            "Write it as scheme://name, such as docker-image://docker.io/library/busybox:latest.",
          );
        }
        return;
      case "exec":
        return this.#exec(op);
      case "file":
        return this.#file(op);
      case "merge":
        if (op.inputs.length < 2) {
          this.fail(
            "IR_TOO_FEW_INPUTS",
            "inputs",
            `there are ${op.inputs.length}, not two or more`,
            "Use the only input itself.",
          );
        }
        for (const [i, input] of op.inputs.entries()) this.#input(`inputs[${i}]`, input);
        return;
      case "diff":
        this.#input("lower", op.lower);
        this.#input("upper", op.upper);
        return;
      case "build":
        return this.#build(op);
      default:
        return unreachable(op, "op");
    }
  }

  #exec(op: ExecOp): void {
    if (op.meta.args.length === 0) {
      this.fail("IR_NO_ARGS", "meta.args", "there are none", "Give the program and its arguments.");
    }
    for (const [i, arg] of op.meta.args.entries()) this.#noNul(`meta.args[${i}]`, arg);
    for (const [i, variable] of op.meta.env.entries()) {
      this.#noNul(`meta.env[${i}]`, variable);
      if (variable.indexOf("=") < 1) {
        this.fail(
          "IR_VALUE_INVALID",
          `meta.env[${i}]`,
          `${JSON.stringify(variable)} is not NAME=value`,
          "Write it as NAME=value.",
        );
      }
    }
    this.#absolutePath("meta.cwd", op.meta.cwd);
    this.#execTexts(op);
    const roots = op.mounts.filter((mount) => mount.dest === "/");
    if (roots.length === 0) {
      this.fail("IR_NO_ROOT_MOUNT", "mounts", 'none is at "/"', "Mount the root filesystem at /.");
    }
    if (roots.length > 1) {
      this.fail("IR_MOUNT_INVALID", "mounts", `${roots.length} are at "/"`, "Mount one root filesystem.");
    }
    const outputs = new Set<number>();
    for (const [i, mount] of op.mounts.entries()) {
      const field = `mounts[${i}]`;
      // Other builders' definitions have targets that are relative to the working directory.
      const isRelative = mount.dest !== "" && !mount.dest.startsWith("/");
      this.#absolutePath(`${field}.dest`, isRelative ? `${op.meta.cwd}/${mount.dest}` : mount.dest);
      if (mount.dest !== "/" && resolvePath(op.meta.cwd, mount.dest) === "/")
        this.fail("IR_MOUNT_INVALID", `${field}.dest`, "it is the root", "Mount one root filesystem, at /.");
      this.#input(`${field}.input`, mount.input);
      this.#innerPath(`${field}.selector`, mount.selector);
      if (mount.output < -1 || !Number.isInteger(mount.output)) this.#badOutput(field, mount.output);
      if (mount.output < 0) continue;
      if (mount.kind === "tmpfs" || mount.kind === "secret" || mount.kind === "ssh") {
        this.fail("IR_BAD_OUTPUT", `${field}.output`, `a ${mount.kind} mount has none`, "Give it output -1.");
      }
      if (outputs.has(mount.output)) {
        this.fail(
          "IR_BAD_OUTPUT",
          `${field}.output`,
          `${mount.output} is taken by another mount`,
          "Give each output once.",
        );
      }
      outputs.add(mount.output);
    }
    this.#consecutive("mounts", outputs);
  }

  /** What ends up in files, in system calls and in the environment of the process. */
  #execTexts({ meta, secretEnv }: ExecOp): void {
    this.#noNul("meta.user", meta.user);
    this.#noNul("meta.cgroupParent", meta.cgroupParent);
    for (const [name, text] of Object.entries(meta.proxyEnv ?? {}))
      this.#noNul(`meta.proxyEnv.${name}`, text);
    this.#hostName("meta.hostname", meta.hostname);
    if (byteLength(meta.hostname) > MAX_HOST_NAME_BYTES) {
      this.fail(
        "IR_VALUE_INVALID",
        "meta.hostname",
        `it is longer than ${MAX_HOST_NAME_BYTES} characters`,
        "Choose a shorter one.",
      );
    }
    for (const [i, { host, ip }] of meta.extraHosts.entries()) {
      this.#hostName(`meta.extraHosts[${i}].host`, host);
      this.#hostName(`meta.extraHosts[${i}].ip`, ip);
    }
    for (const [i, { name }] of secretEnv.entries()) {
      // BuildKit takes an equals sign further on, which the variable's value then begins behind.
      if (/^[^=\0][^\0]*$/.test(name)) continue;
      this.fail(
        "IR_VALUE_INVALID",
        `secretEnv[${i}].name`,
        `${JSON.stringify(name)} is no name of a variable`,
        "Give the name of a variable, without =.",
      );
    }
  }

  /** Part of a line of /etc/hosts. */
  #hostName(field: string, text: string): void {
    if (!/[\s\0#]/.test(text)) return;
    this.fail(
      "IR_VALUE_INVALID",
      field,
      `${JSON.stringify(text)} holds a blank, a line end or a character that no name has`,
      "Give the name or address alone.",
    );
  }

  #file(op: FileOp): void {
    if (op.actions.length === 0) {
      this.fail("IR_NO_ACTIONS", "actions", "there are none", "Leave the step out, or give it an action.");
    }
    const outputs = new Set<number>();
    for (const [i, action] of op.actions.entries()) {
      const field = `actions[${i}]`;
      this.#input(`${field}.input`, action.input, i);
      this.#action(field, action, i);
      if (action.output < -1 || !Number.isInteger(action.output)) this.#badOutput(field, action.output);
      if (action.output < 0) continue;
      if (outputs.has(action.output)) {
        this.fail(
          "IR_BAD_OUTPUT",
          `${field}.output`,
          `${action.output} is taken by another action`,
          "Give each output once.",
        );
      }
      outputs.add(action.output);
    }
    if (outputs.size === 0) {
      this.fail("IR_BAD_OUTPUT", "actions", "none has an output", "Give the last action output 0.");
    }
    this.#consecutive("actions", outputs);
  }

  #action(field: string, action: FileAction, earlier: number): void {
    switch (action.kind) {
      case "copy":
        this.#input(`${field}.secondaryInput`, action.secondaryInput, earlier);
        this.#innerPath(`${field}.src`, action.src);
        this.#absolutePath(`${field}.dest`, action.dest);
        this.#owner(field, action.owner);
        if (action.mode < -1) this.#badMode(field, action.mode);
        return;
      case "mkfile":
      case "mkdir":
        this.#absolutePath(`${field}.path`, action.path);
        this.#owner(field, action.owner);
        if (action.mode < -1) this.#badMode(field, action.mode);
        return;
      case "rm":
        this.#absolutePath(`${field}.path`, action.path);
        return;
      case "symlink":
        this.#noNul(`${field}.oldPath`, action.oldPath);
        if (byteLength(action.oldPath) > MAX_PATH_BYTES) {
          this.fail(
            "IR_PATH_INVALID",
            `${field}.oldPath`,
            `it has more than ${MAX_PATH_BYTES} bytes`,
            "Let the link point at a shorter path.",
          );
        }
        if (action.oldPath === "") {
          this.fail("IR_PATH_INVALID", `${field}.oldPath`, "it is empty", "Say what the link points at.");
        }
        this.#absolutePath(`${field}.newPath`, action.newPath);
        this.#owner(field, action.owner);
        return;
      default:
        unreachable(action, "file action");
    }
  }

  #build(op: BuildOp): void {
    if (op.builder !== -1) {
      this.fail("IR_VALUE_INVALID", "builder", `${op.builder} is not supported`, "Use -1.");
    }
    const names = Object.entries(op.inputs);
    if (names.length === 0) {
      this.fail(
        "IR_TOO_FEW_INPUTS",
        "inputs",
        "there are none",
        "Give it the filesystem that holds the definition.",
      );
    }
    for (const [name, input] of names) this.#input(`inputs[${JSON.stringify(name)}]`, input);
  }

  #owner(field: string, owner: ChownOpt | undefined): void {
    for (const [name, user] of Object.entries(owner ?? {})) {
      if (user?.kind === "name") this.#input(`${field}.owner.${name}.input`, user.input);
    }
  }

  /** `earlier` is how many results of the same op's actions may be named too. */
  #input(field: string, index: InputIndex, earlier = 0): void {
    const count = this.#vertex.inputs.length;
    if (Number.isInteger(index) && index >= -1 && index < count + earlier) return;
    const has = count === 1 ? "1 input" : `${count} inputs`;
    this.fail(
      "IR_DANGLING_INPUT",
      field,
      `${index} is not an input; the step has ${has}${earlier > 0 ? ` and ${earlier} earlier actions` : ""}`,
      "Indexes count from 0; -1 stands for an empty filesystem.",
    );
  }

  #badOutput(field: string, output: number): never {
    this.fail(
      "IR_BAD_OUTPUT",
      `${field}.output`,
      `${output} is not an index`,
      "Outputs count from 0; -1 stands for none.",
    );
  }

  #badMode(field: string, mode: number): never {
    this.fail(
      "IR_VALUE_INVALID",
      `${field}.mode`,
      `${mode} is not a mode`,
      "Give permission bits, or -1 to keep them.",
    );
  }

  #consecutive(field: string, outputs: ReadonlySet<number>): void {
    for (let i = 0; i < outputs.size; i++) {
      if (!outputs.has(i))
        this.fail("IR_BAD_OUTPUT", field, `output ${i} is missing`, "Number outputs from 0 without gaps.");
    }
  }

  #absolutePath(field: string, path: string): void {
    if (!path.startsWith("/")) {
      this.fail(
        "IR_PATH_NOT_ABSOLUTE",
        field,
        `${JSON.stringify(path)} does not begin with /`,
        "Write the path from the root.",
      );
    }
    this.#innerPath(field, path);
  }

  #innerPath(field: string, path: string): void {
    this.#noNul(field, path);
    this.#fits(field, path);
    if (escapesRoot(path)) {
      this.fail(
        "IR_PATH_ESCAPES",
        field,
        `${JSON.stringify(path)} leads out of its root`,
        "Remove the leading .. parts.",
      );
    }
  }

  /** No Linux takes a longer one; a pattern may be longer than what it stands for. */
  #fits(field: string, path: string): void {
    const isPattern = /[*?[\\]/.test(path);
    if (isPattern) return;
    const sizeBytes = byteLength(path);
    if (sizeBytes > MAX_PATH_BYTES) {
      this.fail(
        "IR_PATH_INVALID",
        field,
        `it has ${sizeBytes} bytes, more than ${MAX_PATH_BYTES}`,
        "Choose a shorter path.",
      );
    }
    if (path.split("/").every((part) => byteLength(part) <= MAX_NAME_BYTES)) return;
    this.fail(
      "IR_PATH_INVALID",
      field,
      `a name in it has more than ${MAX_NAME_BYTES} bytes`,
      "Choose a shorter name.",
    );
  }

  #noNul(field: string, text: string): void {
    if (text.includes("\0")) {
      this.fail("IR_PATH_INVALID", field, "it holds a NUL character", "Remove the NUL character.");
    }
  }

  #location(): SourceLocation | undefined {
    const [written] = this.#definition.locations.get(this.#vertex.digest) ?? [];
    const source = written && this.#definition.sources[written.source];
    const range = written?.ranges[0];
    if (!source || !range) return undefined;
    const excerpt = new TextDecoder().decode(source.data).split("\n")[range.start.line - 1];
    return {
      file: source.filename,
      line: range.start.line,
      column: range.start.character + 1,
      ...(excerpt === undefined ? {} : { excerpt: excerpt.replace(/\r$/, "") }),
    };
  }
}

/** Bytes of a text in UTF-8. */
function byteLength(text: string): number {
  return /^[\x00-\x7f]*$/.test(text) ? text.length : new TextEncoder().encode(text).length;
}
