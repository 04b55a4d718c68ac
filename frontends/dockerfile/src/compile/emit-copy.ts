import { createVertex, CUSTOM_NAME, NO_OUTPUT, type CopyAction, type Edge } from "@slipway/ir";
import type { StepEmitter } from "./emit.ts";
import { Inputs } from "./emit-inputs.ts";
import { parseOwner } from "./owner.ts";
import type { CopyStep, StagePlan } from "./plan.ts";

/** The vertex of a COPY or ADD; two with --link. */
export function emitCopy(
  emitter: StepEmitter,
  step: CopyStep,
  on: { plan: StagePlan; below: Edge | null },
): Edge {
  return step.link ? linked(emitter, step, on) : copy(emitter, step, on);
}

function copyActions(
  emitter: StepEmitter,
  step: CopyStep,
  to: { inputs: Inputs; below: Edge | null },
): readonly CopyAction[] {
  const { inputs, below } = to;
  const base = inputs.add(below);
  const secondaryInput = inputs.add(emitter.origin(step.origin));
  return step.sources.map((src, index) => {
    // The first action changes what is below, each further one the result of the one before it.
    const input = index === 0 ? base : inputs.edges.length + index - 1;
    const owner = parseOwner(step.chown, input);
    return {
      kind: "copy",
      input,
      secondaryInput,
      output: index === step.sources.length - 1 ? 0 : NO_OUTPUT,
      src,
      dest: step.dest,
      ...(owner === undefined ? {} : { owner }),
      mode: step.mode,
      modeStr: "",
      followSymlink: true,
      dirCopyContents: true,
      attemptUnpack: step.unpack,
      createDestPath: true,
      allowWildcard: true,
      allowEmptyWildcard: true,
      timestampNs: emitter.timestampNs,
      includePatterns: [],
      excludePatterns: [],
      alwaysReplaceExistingDestPaths: false,
      requiredPaths: [],
    };
  });
}

function copy(
  emitter: StepEmitter,
  step: CopyStep,
  { plan, below }: { plan: StagePlan; below: Edge | null },
): Edge {
  const inputs = new Inputs();
  const actions = copyActions(emitter, step, { inputs, below });
  const { description, ignoreCache } = emitter.metadata(plan, step);
  const vertex = createVertex({
    op: { kind: "file", actions },
    inputs: inputs.edges,
    constraints: emitter.constraints(plan),
    metadata: { description, ignoreCache },
  });
  return emitter.vertex(step.span, vertex);
}

/** COPY --link: the files on an empty filesystem, laid over what is below. */
function linked(
  emitter: StepEmitter,
  step: CopyStep,
  { plan, below }: { plan: StagePlan; below: Edge | null },
): Edge {
  const layer = copy(emitter, step, { plan, below: null });
  if (below === null) return layer;
  const { description, ignoreCache } = emitter.metadata(plan, step);
  const vertex = createVertex({
    op: { kind: "merge", inputs: [0, 1] },
    inputs: [below, layer],
    constraints: emitter.constraints(plan),
    metadata: {
      description: { ...description, [CUSTOM_NAME]: step.name.replace(/(?=(?:COPY|ADD)\b)/, "LINK ") },
      ignoreCache,
    },
  });
  return emitter.vertex(step.span, vertex);
}
