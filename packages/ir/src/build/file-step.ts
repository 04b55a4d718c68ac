import { InputError, unreachable } from "@slipway/oci";
import {
  NO_INPUT,
  NO_OUTPUT,
  type ChownOpt,
  type FileAction,
  type FileOp,
  type InputIndex,
  type UserOpt,
} from "../op.ts";
import { requiredCaps } from "../capabilities.ts";
import { resolveDestination, resolvePath } from "../posix-path.ts";
import type { FileActions, FileActionSpec, Owner } from "./file-actions.ts";
import { InputList } from "./input-list.ts";
import type { State } from "./state.ts";
import { newStep, type NewStep, type StepOptions } from "./step.ts";

/** Makes the step of a chain of file actions: each changes what the one before it left, and the last is the output. */
export function fileStep(base: State, actions: FileActions, options: StepOptions): NewStep {
  const inputs = new InputList();
  const baseInput = inputs.add(base.output);
  const sources = actions.list.map((spec) =>
    spec.kind === "copy" ? inputs.add(spec.from.output) : NO_INPUT,
  );
  const count = inputs.outputs.length;
  const list = actions.list.map((spec, i) =>
    fileAction(spec, {
      dir: base.settings.dir,
      baseInput,
      input: i === 0 ? baseInput : count + i - 1,
      secondaryInput: sources[i] ?? NO_INPUT,
      output: i === actions.list.length - 1 ? 0 : NO_OUTPUT,
    }),
  );
  if (list.length === 0) {
    throw new InputError("IR_NO_ACTIONS", "a file step needs at least one action", {
      hint: "Leave the step out, or begin the chain with copy, mkfile, mkdir, rm or symlink.",
    });
  }
  const op: FileOp = { kind: "file", actions: list };
  return newStep({ op, inputs: inputs.outputs, platform: null, caps: requiredCaps(op) }, options);
}

interface ActionContext {
  readonly dir: string;
  /** Where names of owners are looked up. */
  readonly baseInput: InputIndex;
  readonly input: InputIndex;
  readonly secondaryInput: InputIndex;
  readonly output: number;
}

function fileAction(spec: FileActionSpec, context: ActionContext): FileAction {
  const { dir, baseInput, input, output } = context;
  switch (spec.kind) {
    case "copy": {
      const { options } = spec;
      return {
        kind: "copy",
        input,
        secondaryInput: context.secondaryInput,
        output,
        src: resolvePath(spec.from.settings.dir, spec.src),
        dest: resolveDestination(dir, spec.dest),
        ...ownerField(options.owner, baseInput),
        mode: typeof options.mode === "number" ? options.mode : -1,
        modeStr: typeof options.mode === "string" ? options.mode : "",
        followSymlink: options.followSymlink ?? false,
        dirCopyContents: options.dirCopyContents ?? false,
        attemptUnpack: options.attemptUnpack ?? false,
        createDestPath: options.createDestPath ?? false,
        allowWildcard: options.allowWildcard ?? false,
        allowEmptyWildcard: options.allowEmptyWildcard ?? false,
        timestampNs: options.timestampNs ?? -1n,
        includePatterns: options.includePatterns ?? [],
        excludePatterns: options.excludePatterns ?? [],
        alwaysReplaceExistingDestPaths: options.alwaysReplaceExistingDestPaths ?? false,
        requiredPaths: options.requiredPaths ?? [],
      };
    }
    case "mkfile":
      return {
        kind: "mkfile",
        input,
        output,
        path: resolvePath(dir, spec.path),
        mode: spec.options.mode ?? 0o644,
        data: spec.data,
        ...ownerField(spec.options.owner, baseInput),
        timestampNs: spec.options.timestampNs ?? -1n,
      };
    case "mkdir":
      return {
        kind: "mkdir",
        input,
        output,
        path: resolvePath(dir, spec.path),
        mode: spec.options.mode ?? 0o755,
        makeParents: spec.options.makeParents ?? false,
        ...ownerField(spec.options.owner, baseInput),
        timestampNs: spec.options.timestampNs ?? -1n,
      };
    case "rm":
      return {
        kind: "rm",
        input,
        output,
        path: resolvePath(dir, spec.path),
        allowNotFound: spec.options.allowNotFound ?? false,
        allowWildcard: spec.options.allowWildcard ?? false,
      };
    case "symlink":
      return {
        kind: "symlink",
        input,
        output,
        oldPath: spec.oldPath,
        newPath: resolvePath(dir, spec.newPath),
        ...ownerField(spec.options.owner, baseInput),
        timestampNs: spec.options.timestampNs ?? -1n,
      };
    default:
      return unreachable(spec, "file action");
  }
}

function ownerField(owner: Owner | undefined, input: InputIndex): { owner?: ChownOpt } {
  if (owner === undefined || owner === "") return {};
  const [user, group] =
    typeof owner === "string" ? [owner.split(":", 1)[0], afterColon(owner)] : [owner.user, owner.group];
  const userOpt = parseUser(user, input);
  const groupOpt = parseUser(group, input);
  if (!userOpt && !groupOpt) return {};
  return { owner: { ...(userOpt ? { user: userOpt } : {}), ...(groupOpt ? { group: groupOpt } : {}) } };
}

function afterColon(text: string): string | undefined {
  const colon = text.indexOf(":");
  return colon < 0 ? undefined : text.slice(colon + 1);
}

function parseUser(user: string | number | undefined, input: InputIndex): UserOpt | undefined {
  if (user === undefined || user === "") return undefined;
  if (typeof user === "number" || /^\d{1,10}$/.test(user)) return { kind: "id", id: Number(user) };
  return { kind: "name", name: user, input };
}
