import { NO_INPUT, type InputIndex } from "../op.ts";
import type { StepOutput } from "./step.ts";

/** Collects the inputs of a step, each once. */
export class InputList {
  readonly outputs: StepOutput[] = [];

  /** The index of an output among the inputs; `NO_INPUT` for an empty filesystem. */
  add(output: StepOutput | null): InputIndex {
    if (!output) return NO_INPUT;
    const known = this.outputs.findIndex(
      (other) => other.step === output.step && other.index === output.index,
    );
    return known >= 0 ? known : this.outputs.push(output) - 1;
  }
}
