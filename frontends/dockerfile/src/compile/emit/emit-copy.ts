import { createVertex, CUSTOM_NAME, NO_INPUT, NO_OUTPUT, type CopyAction, type Edge } from "@slipway/ir";
import type { StepEmitter } from "./step-emitter.ts";
import { Inputs } from "./emit-inputs.ts";
import { parseOwner } from "../plan/owner.ts";
import type { CopyPart, CopyStep, StagePlan } from "../plan/plan.ts";

/** The vertex of a COPY or ADD; two with --link. */
export function emitCopy(
  emitter: StepEmitter,
  step: CopyStep,
  on: { plan: StagePlan; below: Edge | null },
): Edge {
  return step.link ? linked(emitter, step, on) : copy(emitter, step, on);
}

const KEEP_OWNER = "slipway.local.keepowner";

/** How the copy of a part differs from that of others. */
type PartAction = Pick<CopyAction, "src" | "attemptUnpack"> &
  Partial<Pick<CopyAction, "includePatterns" | "requiredPaths">> & { readonly isSearched: boolean };

function partAction(part: CopyPart): PartAction {
  switch (part.kind) {
    case "files":
      return {
        src: part.path,
        attemptUnpack: part.unpack,
        includePatterns: part.include,
        requiredPaths: part.required,
        isSearched: true,
      };
    case "inline":
      return { src: `/${part.name}`, attemptUnpack: false, isSearched: false };
    case "http":
      return { src: `/${part.filename}`, attemptUnpack: part.unpack, isSearched: false };
    case "git":
      return { src: "/", attemptUnpack: false, isSearched: false };
  }
}

function copyActions(
  emitter: StepEmitter,
  step: CopyStep,
  to: { inputs: Inputs; plan: StagePlan; below: Edge | null },
): readonly CopyAction[] {
  const { inputs, plan, below } = to;
  const base = inputs.add(below);
  const sources = step.parts.map((part) => inputs.add(partSource(emitter, step, { part, plan })));
  return step.parts.map((part, index) => {
    // The first action changes what is below, each further one the result of the one before it.
    const input = index === 0 ? base : inputs.edges.length + index - 1;
    // Names mean what they mean in the image below, not in what was copied just now.
    const owner = parseOwner(step.chown, base);
    const { isSearched, ...action } = partAction(part);
    return {
      kind: "copy",
      input,
      secondaryInput: sources[index]!,
      output: index === step.parts.length - 1 ? 0 : NO_OUTPUT,
      dest: step.dest,
      ...(owner === undefined ? {} : { owner }),
      mode: step.mode,
      modeStr: step.modeChanges,
      followSymlink: isSearched,
      dirCopyContents: isSearched,
      createDestPath: true,
      allowWildcard: isSearched,
      allowEmptyWildcard: isSearched,
      timestampNs: -1n,
      includePatterns: [],
      requiredPaths: [],
      excludePatterns: step.exclude,
      alwaysReplaceExistingDestPaths: false,
      ...action,
    };
  });
}

function partSource(
  emitter: StepEmitter,
  step: CopyStep,
  { part, plan }: { part: CopyPart; plan: StagePlan },
): Edge | null {
  const { description, ignoreCache } = emitter.metadata(plan, step);
  const source = (identifier: string, attrs: Readonly<Record<string, string>>, caps?: readonly string[]) =>
    emitter.vertex(
      step.span,
      createVertex({
        op: { kind: "source", identifier, attrs },
        metadata: { description, ignoreCache, ...(caps === undefined ? {} : { caps }) },
      }),
    );
  switch (part.kind) {
    case "files":
      return step.archive ? keepingOwner(emitter.origin(part.origin)) : emitter.origin(part.origin);
    case "inline":
      return inlineFile(part);
    case "http":
      return source(part.url, {
        "http.filename": part.filename,
        ...(part.checksum === "" ? {} : { "http.checksum": part.checksum }),
      });
    case "git":
      return source(part.source.identifier, part.source.attrs, part.source.caps);
  }
}

/**
 * A folder that the client lends, with the numeric owners that its files have there. Solvers that do not know the
 * attribute give them to root, as ever; what comes from elsewhere keeps its owners anyway.
 */
function keepingOwner(edge: Edge | null): Edge | null {
  if (edge?.vertex.op.kind !== "source" || !edge.vertex.op.identifier.startsWith("local://")) return edge;
  const { op, metadata } = edge.vertex;
  const attrs = { ...op.attrs, [KEEP_OWNER]: "true" };
  return { vertex: createVertex({ op: { ...op, attrs }, metadata }), index: edge.index };
}

/** A filesystem with one file. */
function inlineFile({ name, data }: Extract<CopyPart, { kind: "inline" }>): Edge {
  const vertex = createVertex({
    op: {
      kind: "file",
      actions: [
        { kind: "mkfile", input: NO_INPUT, output: 0, path: `/${name}`, mode: 0o644, data, timestampNs: -1n },
      ],
    },
    inputs: [],
    metadata: { description: { [CUSTOM_NAME]: "[internal] preparing inline document" } },
  });
  return { vertex, index: 0 };
}

function copy(
  emitter: StepEmitter,
  step: CopyStep,
  { plan, below }: { plan: StagePlan; below: Edge | null },
): Edge {
  const inputs = new Inputs();
  const actions = copyActions(emitter, step, { inputs, plan, below });
  const { description, ignoreCache } = emitter.metadata(plan, step);
  const vertex = createVertex({
    op: { kind: "file", actions },
    inputs: inputs.edges,
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
    metadata: {
      description: { ...description, [CUSTOM_NAME]: step.name.replace(/(?=(?:COPY|ADD)\b)/, "LINK ") },
      ignoreCache,
    },
  });
  return emitter.vertex(step.span, vertex);
}
