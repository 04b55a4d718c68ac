import { unreachable } from "@slipway/oci";
import type { ChownOpt, FileAction, InputIndex, Op, UserOpt } from "../op.ts";

/**
 * The same op over other inputs: `map` gives the new index for each of the `before` old ones, `after` is how many
 * there are then. References to earlier file actions, which are numbered behind the inputs, move along.
 */
export function remapInputs(
  op: Op,
  map: (index: InputIndex) => InputIndex,
  { before, after }: { before: number; after: number },
): Op {
  const at = (index: InputIndex) => (index < 0 ? index : map(index));
  switch (op.kind) {
    case "source":
      return op;
    case "exec":
      return { ...op, mounts: op.mounts.map((mount) => ({ ...mount, input: at(mount.input) })) };
    case "merge":
      return { ...op, inputs: op.inputs.map(at) };
    case "diff":
      return { ...op, lower: at(op.lower), upper: at(op.upper) };
    case "build":
      return { ...op, inputs: Object.fromEntries(Object.entries(op.inputs).map(([k, v]) => [k, at(v)])) };
    case "file":
      return {
        ...op,
        actions: op.actions.map((action) =>
          remapAction(action, (index) => (index >= before ? index - before + after : at(index))),
        ),
      };
    default:
      return unreachable(op, "op");
  }
}

function remapAction(action: FileAction, at: (index: InputIndex) => InputIndex): FileAction {
  if (action.kind === "rm") return { ...action, input: at(action.input) };
  const owner = action.owner && remapOwner(action.owner, at);
  const moved = { input: at(action.input), ...(owner ? { owner } : {}) };
  if (action.kind === "copy") return { ...action, ...moved, secondaryInput: at(action.secondaryInput) };
  return { ...action, ...moved };
}

function remapOwner(owner: ChownOpt, at: (index: InputIndex) => InputIndex): ChownOpt {
  const user = (opt: UserOpt): UserOpt => (opt.kind === "name" ? { ...opt, input: at(opt.input) } : opt);
  return {
    ...(owner.user ? { user: user(owner.user) } : {}),
    ...(owner.group ? { group: user(owner.group) } : {}),
  };
}
