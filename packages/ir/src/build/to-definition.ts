import { type Digest, hostPlatform, InvariantError, type Platform, sha256 } from "@slipway/oci";
import { vertexDigest } from "../create-vertex.ts";
import type { Constraints, Op } from "../op.ts";
import type { Definition, Edge, SourceInfo, Vertex, VertexLocation, VertexMetadata } from "../vertex.ts";
import { walkVertices } from "../walk.ts";
import { remapInputs } from "./remap-inputs.ts";
import type { State } from "./state.ts";
import type { NewStep, Step, StepOutput } from "./step.ts";

export interface ToDefinitionOptions {
  /** For steps that were given none. Default: this machine's. */
  readonly platform?: Platform;
}

/**
 * Turns a state into a definition: computes digests, and makes one vertex of all steps with the same digest. Of their
 * metadata the descriptions are merged, the first one's words winning, and one that ignores the cache makes all do so.
 * Linear in the number of steps and not recursive.
 */
export function toDefinition(state: State, options: ToDefinitionOptions = {}): Definition {
  const compiler = new Compiler(options.platform ?? hostPlatform());
  const result = state.output ? compiler.compile(state.output) : null;
  return { result, sources: compiler.sources, locations: compiler.locations };
}

type Draft = { -readonly [K in keyof Vertex]: Vertex[K] };

class Compiler {
  readonly sources: SourceInfo[] = [];
  readonly locations = new Map<Digest, VertexLocation[]>();
  readonly #defaultPlatform: Platform;
  readonly #bySteps = new Map<Step, Edge | Draft>();
  /** Nobody else sees these before `compile` ends, so that their metadata may still be merged. */
  readonly #byDigest = new Map<Digest, Draft>();
  readonly #sourceIndex = new Map<SourceInfo | string, number>();

  constructor(defaultPlatform: Platform) {
    this.#defaultPlatform = defaultPlatform;
  }

  compile(result: StepOutput): Edge {
    const stack: { step: Step; next: number }[] = [{ step: result.step, next: 0 }];
    for (let frame = stack.at(-1); frame; frame = stack.at(-1)) {
      const { step } = frame;
      const input = step.kind === "new" ? step.inputs[frame.next++] : undefined;
      if (input) {
        if (!this.#bySteps.has(input.step)) stack.push({ step: input.step, next: 0 });
        continue;
      }
      stack.pop();
      if (this.#bySteps.has(step)) continue;
      this.#bySteps.set(step, step.kind === "new" ? this.#vertex(step) : this.#imported(step.definition));
    }
    return this.#edge(result);
  }

  #edge(output: StepOutput): Edge {
    const made = this.#bySteps.get(output.step);
    if (!made) throw new InvariantError("a step was compiled before its inputs");
    return "vertex" in made ? made : { vertex: made, index: output.index };
  }

  #vertex(step: NewStep): Draft {
    const platform = step.platform === "default" ? this.#defaultPlatform : step.platform;
    const constraints: Constraints = platform ? { platform, filter: step.filter } : { filter: step.filter };
    const { op, inputs } = withoutDuplicates(
      step.op,
      step.inputs.map((input) => this.#edge(input)),
    );
    const digest = vertexDigest(op, inputs, constraints);
    const vertex = this.#intern({ digest, op, inputs, constraints, metadata: step.metadata });
    for (const { source, ranges } of step.locations) this.#addLocation(digest, source, ranges);
    return vertex;
  }

  #imported({ result, sources, locations }: Definition): Edge {
    if (!result) throw new InvariantError("an empty definition became a step");
    for (const vertex of walkVertices(result)) {
      const inputs = vertex.inputs.map(({ vertex: input, index }) => ({
        vertex: this.#known(input.digest),
        index,
      }));
      this.#intern({ ...vertex, inputs });
      for (const { source, ranges } of locations.get(vertex.digest) ?? []) {
        const info = sources[source];
        if (info) this.#addLocation(vertex.digest, info, ranges);
      }
    }
    return { vertex: this.#known(result.vertex.digest), index: result.index };
  }

  #known(digest: Digest): Draft {
    const vertex = this.#byDigest.get(digest);
    if (!vertex) throw new InvariantError(`${digest} was used before it was made`);
    return vertex;
  }

  #intern(vertex: Vertex): Draft {
    const known = this.#byDigest.get(vertex.digest);
    if (known) {
      if (known.metadata !== vertex.metadata) known.metadata = mergeMetadata(known.metadata, vertex.metadata);
      return known;
    }
    const draft = { ...vertex };
    this.#byDigest.set(vertex.digest, draft);
    return draft;
  }

  #addLocation(digest: Digest, source: SourceInfo, ranges: VertexLocation["ranges"]): void {
    const index = this.#indexOf(source);
    const list = this.locations.get(digest) ?? [];
    const isKnown = list.some(
      (other) => other.source === index && JSON.stringify(other.ranges) === JSON.stringify(ranges),
    );
    if (!isKnown) list.push({ source: index, ranges });
    this.locations.set(digest, list);
  }

  #indexOf(source: SourceInfo): number {
    const known = this.#sourceIndex.get(source);
    if (known !== undefined) return known;
    const key = JSON.stringify([source.filename, source.language, sha256(source.data)]);
    const index = this.#sourceIndex.get(key) ?? this.sources.push(source) - 1;
    this.#sourceIndex.set(source, index).set(key, index);
    return index;
  }
}

/**
 * Two steps that were written apart may turn out to be one; then an op over both has that input once, as BuildKit's
 * Go client writes it. Merges and diffs keep theirs.
 */
function withoutDuplicates(op: Op, edges: readonly Edge[]): { op: Op; inputs: readonly Edge[] } {
  if (edges.length < 2 || (op.kind !== "exec" && op.kind !== "file")) return { op, inputs: edges };
  const indexes = new Map<string, number>();
  const inputs: Edge[] = [];
  const newIndex = edges.map((edge) => {
    const key = `${edge.vertex.digest} ${edge.index}`;
    const index = indexes.get(key) ?? inputs.push(edge) - 1;
    indexes.set(key, index);
    return index;
  });
  if (inputs.length === edges.length) return { op, inputs: edges };
  const remapped = remapInputs(op, (index) => newIndex[index] ?? index, {
    before: edges.length,
    after: inputs.length,
  });
  return { op: remapped, inputs };
}

function mergeMetadata(first: VertexMetadata, second: VertexMetadata): VertexMetadata {
  return {
    ...second,
    ...first,
    ignoreCache: first.ignoreCache || second.ignoreCache,
    description: { ...second.description, ...first.description },
    caps: [...new Set([...first.caps, ...second.caps])].sort(),
  };
}
