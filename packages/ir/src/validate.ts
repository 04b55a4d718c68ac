import { unreachable } from "@slipway/oci";
import { byteLength, FieldCheck, MAX_HOST_NAME_BYTES, MAX_PATH_BYTES } from "./field-check.ts";
import type { BuildOp, ChownOpt, ExecOp, FileAction, FileOp, Op, OutputIndex } from "./op.ts";
import { resolvePath } from "./posix-path.ts";
import type { Definition, Vertex } from "./vertex.ts";
import { vertexName } from "./vertex-name.ts";
import { walkVertices } from "./walk.ts";

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
  if (!outputIndexes(result.vertex.op).has(result.index)) {
    new FieldCheck(result.vertex, definition).fail(
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

class VertexCheck {
  readonly #vertex: Vertex;
  readonly #field: FieldCheck;

  constructor(vertex: Vertex, definition: Definition) {
    this.#vertex = vertex;
    this.#field = new FieldCheck(vertex, definition);
  }

  inputs(): void {
    for (const [i, { vertex, index }] of this.#vertex.inputs.entries()) {
      if (!outputIndexes(vertex.op).has(index)) {
        this.#field.fail(
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
          this.#field.fail(
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
          this.#field.fail(
            "IR_TOO_FEW_INPUTS",
            "inputs",
            `there are ${op.inputs.length}, not two or more`,
            "Use the only input itself.",
          );
        }
        for (const [i, input] of op.inputs.entries()) this.#field.input(`inputs[${i}]`, input);
        return;
      case "diff":
        this.#field.input("lower", op.lower);
        this.#field.input("upper", op.upper);
        return;
      case "build":
        return this.#build(op);
      default:
        return unreachable(op, "op");
    }
  }

  #exec(op: ExecOp): void {
    if (op.meta.args.length === 0) {
      this.#field.fail("IR_NO_ARGS", "meta.args", "there are none", "Give the program and its arguments.");
    }
    for (const [i, arg] of op.meta.args.entries()) this.#field.noNul(`meta.args[${i}]`, arg);
    for (const [i, variable] of op.meta.env.entries()) {
      this.#field.noNul(`meta.env[${i}]`, variable);
      if (variable.indexOf("=") < 1) {
        this.#field.fail(
          "IR_VALUE_INVALID",
          `meta.env[${i}]`,
          `${JSON.stringify(variable)} is not NAME=value`,
          "Write it as NAME=value.",
        );
      }
    }
    this.#field.absolutePath("meta.cwd", op.meta.cwd);
    this.#execTexts(op);
    const roots = op.mounts.filter((mount) => mount.dest === "/");
    if (roots.length === 0) {
      this.#field.fail("IR_NO_ROOT_MOUNT", "mounts", 'none is at "/"', "Mount the root filesystem at /.");
    }
    if (roots.length > 1) {
      this.#field.fail(
        "IR_MOUNT_INVALID",
        "mounts",
        `${roots.length} are at "/"`,
        "Mount one root filesystem.",
      );
    }
    const outputs = new Set<number>();
    for (const [i, mount] of op.mounts.entries()) {
      const field = `mounts[${i}]`;
      // Other builders' definitions have targets that are relative to the working directory.
      const isRelative = mount.dest !== "" && !mount.dest.startsWith("/");
      this.#field.absolutePath(`${field}.dest`, isRelative ? `${op.meta.cwd}/${mount.dest}` : mount.dest);
      if (mount.dest !== "/" && resolvePath(op.meta.cwd, mount.dest) === "/")
        this.#field.fail(
          "IR_MOUNT_INVALID",
          `${field}.dest`,
          "it is the root",
          "Mount one root filesystem, at /.",
        );
      this.#field.input(`${field}.input`, mount.input);
      this.#field.innerPath(`${field}.selector`, mount.selector);
      if (mount.output < -1 || !Number.isInteger(mount.output)) this.#field.badOutput(field, mount.output);
      if (mount.output < 0) continue;
      if (mount.kind === "tmpfs" || mount.kind === "secret" || mount.kind === "ssh") {
        this.#field.fail(
          "IR_BAD_OUTPUT",
          `${field}.output`,
          `a ${mount.kind} mount has none`,
          "Give it output -1.",
        );
      }
      if (outputs.has(mount.output)) {
        this.#field.fail(
          "IR_BAD_OUTPUT",
          `${field}.output`,
          `${mount.output} is taken by another mount`,
          "Give each output once.",
        );
      }
      outputs.add(mount.output);
    }
    this.#field.consecutive("mounts", outputs);
  }

  /** What ends up in files, in system calls and in the environment of the process. */
  #execTexts({ meta, secretEnv }: ExecOp): void {
    this.#field.noNul("meta.user", meta.user);
    this.#field.noNul("meta.cgroupParent", meta.cgroupParent);
    for (const [name, text] of Object.entries(meta.proxyEnv ?? {}))
      this.#field.noNul(`meta.proxyEnv.${name}`, text);
    this.#field.hostName("meta.hostname", meta.hostname);
    if (byteLength(meta.hostname) > MAX_HOST_NAME_BYTES) {
      this.#field.fail(
        "IR_VALUE_INVALID",
        "meta.hostname",
        `it is longer than ${MAX_HOST_NAME_BYTES} characters`,
        "Choose a shorter one.",
      );
    }
    for (const [i, { host, ip }] of meta.extraHosts.entries()) {
      this.#field.hostName(`meta.extraHosts[${i}].host`, host);
      this.#field.hostName(`meta.extraHosts[${i}].ip`, ip);
    }
    for (const [i, { name }] of secretEnv.entries()) {
      // BuildKit takes an equals sign further on, which the variable's value then begins behind.
      if (/^[^=\0][^\0]*$/.test(name)) continue;
      this.#field.fail(
        "IR_VALUE_INVALID",
        `secretEnv[${i}].name`,
        `${JSON.stringify(name)} is no name of a variable`,
        "Give the name of a variable, without =.",
      );
    }
  }

  #file(op: FileOp): void {
    if (op.actions.length === 0) {
      this.#field.fail(
        "IR_NO_ACTIONS",
        "actions",
        "there are none",
        "Leave the step out, or give it an action.",
      );
    }
    const outputs = new Set<number>();
    for (const [i, action] of op.actions.entries()) {
      const field = `actions[${i}]`;
      this.#field.input(`${field}.input`, action.input, i);
      this.#action(field, action, i);
      if (action.output < -1 || !Number.isInteger(action.output)) this.#field.badOutput(field, action.output);
      if (action.output < 0) continue;
      if (outputs.has(action.output)) {
        this.#field.fail(
          "IR_BAD_OUTPUT",
          `${field}.output`,
          `${action.output} is taken by another action`,
          "Give each output once.",
        );
      }
      outputs.add(action.output);
    }
    if (outputs.size === 0) {
      this.#field.fail("IR_BAD_OUTPUT", "actions", "none has an output", "Give the last action output 0.");
    }
    this.#field.consecutive("actions", outputs);
  }

  #action(field: string, action: FileAction, earlier: number): void {
    switch (action.kind) {
      case "copy":
        this.#field.input(`${field}.secondaryInput`, action.secondaryInput, earlier);
        this.#field.innerPath(`${field}.src`, action.src);
        this.#field.absolutePath(`${field}.dest`, action.dest);
        this.#owner(field, action.owner);
        if (action.mode < -1) this.#field.badMode(field, action.mode);
        return;
      case "mkfile":
      case "mkdir":
        this.#field.absolutePath(`${field}.path`, action.path);
        this.#owner(field, action.owner);
        if (action.mode < -1) this.#field.badMode(field, action.mode);
        return;
      case "rm":
        this.#field.absolutePath(`${field}.path`, action.path);
        return;
      case "symlink":
        this.#field.noNul(`${field}.oldPath`, action.oldPath);
        if (byteLength(action.oldPath) > MAX_PATH_BYTES) {
          this.#field.fail(
            "IR_PATH_INVALID",
            `${field}.oldPath`,
            `it has more than ${MAX_PATH_BYTES} bytes`,
            "Let the link point at a shorter path.",
          );
        }
        if (action.oldPath === "") {
          this.#field.fail(
            "IR_PATH_INVALID",
            `${field}.oldPath`,
            "it is empty",
            "Say what the link points at.",
          );
        }
        this.#field.absolutePath(`${field}.newPath`, action.newPath);
        this.#owner(field, action.owner);
        return;
      default:
        unreachable(action, "file action");
    }
  }

  #build(op: BuildOp): void {
    if (op.builder !== -1) {
      this.#field.fail("IR_VALUE_INVALID", "builder", `${op.builder} is not supported`, "Use -1.");
    }
    const names = Object.entries(op.inputs);
    if (names.length === 0) {
      this.#field.fail(
        "IR_TOO_FEW_INPUTS",
        "inputs",
        "there are none",
        "Give it the filesystem that holds the definition.",
      );
    }
    for (const [name, input] of names) this.#field.input(`inputs[${JSON.stringify(name)}]`, input);
  }

  #owner(field: string, owner: ChownOpt | undefined): void {
    for (const [name, user] of Object.entries(owner ?? {})) {
      if (user?.kind === "name") this.#field.input(`${field}.owner.${name}.input`, user.input);
    }
  }
}
