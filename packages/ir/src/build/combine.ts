import { NO_INPUT, type BuildOp } from "../op.ts";
import { InputList } from "./input-list.ts";
import { scratch } from "./sources.ts";
import { State } from "./state.ts";
import { newStep, type StepOptions, type StepOutput } from "./step.ts";

/** Lays filesystems over each other, the last on top. Empty ones are left out; settings are those of the first. */
export function merge(states: readonly State[], options: StepOptions = {}): State {
  const inputs: StepOutput[] = [];
  for (const { output } of states) if (output) inputs.push(output);
  const settings = states[0]?.settings;
  if (inputs.length < 2) return new State(inputs[0] ?? null, settings);
  const op = { kind: "merge", inputs: inputs.map((_, i) => i) } as const;
  return new State(
    { step: newStep({ op, inputs, platform: null, caps: ["mergeop"] }, options), index: 0 },
    settings,
  );
}

/** What has to be laid over `lower` to get `upper`. */
export function diff(lower: State, upper: State, options: StepOptions = {}): State {
  if (!lower.output) return upper.output ? upper : scratch();
  const inputs = new InputList();
  const op = {
    kind: "diff",
    lower: inputs.add(lower.output),
    upper: upper.output ? inputs.outputs.push(upper.output) - 1 : NO_INPUT,
  } as const;
  const step = newStep({ op, inputs: inputs.outputs, platform: null, caps: ["diffop"] }, options);
  return new State({ step, index: 0 });
}

export interface BuildOptions extends StepOptions {
  /** The file of the state that holds the definition. Default: `buildkit.llb.definition`. */
  readonly definitionFilename?: string;
}

/** The result of a definition that another step writes into a file. */
export function build(state: State, options: BuildOptions = {}): State {
  const inputs = new InputList();
  const op: BuildOp = {
    kind: "build",
    builder: -1,
    inputs: { "buildkit.llb.definition": inputs.add(state.output) },
    attrs: options.definitionFilename ? { "llbbuild.filename": options.definitionFilename } : {},
  };
  const caps = options.definitionFilename ? ["source.buildop.llbfilename"] : [];
  const platform = state.settings.platform ?? "default";
  const step = newStep({ op, inputs: inputs.outputs, platform, caps }, options);
  return new State({ step, index: 0 });
}
