import {
  COMMIT_MARK,
  createVertex,
  CUSTOM_NAME,
  type Edge,
  type Position,
  type Vertex,
  type VertexLocation,
} from "@slipway/ir";
import { InvariantError, type Digest } from "@slipway/oci";
import type { Span } from "../../syntax/source-text.ts";
import { emitCopy } from "./emit-copy.ts";
import { Inputs } from "./emit-inputs.ts";
import { emitRun } from "./emit-run.ts";
import type { EmitScope, StepEmitter } from "./step-emitter.ts";
import { layoutAttrs } from "../sources/named-context.ts";
import { localVertex } from "../sources/local-source.ts";
import { sourceVertex } from "../sources/source-vertex.ts";
import { parseOwner } from "../plan/owner.ts";
import type { Origin, StagePlan, Step, WorkdirStep } from "../plan/plan.ts";

const COMMAND = "com.docker.dockerfile.v1.command";

/** The paths that a local source has to send; empty means all of them. */
export function followedPaths(used: ReadonlySet<string>): readonly string[] {
  if (used.has("/")) return [];
  return [...used].map((path) => path.replace(/^\//, "")).sort();
}

/** Turns planned stages into vertices. */
export class Emitter implements StepEmitter {
  /** Where in the build file vertices come from. */
  readonly locations = new Map<Digest, readonly VertexLocation[]>();
  readonly scope: EmitScope;
  readonly #results = new Map<StagePlan, Edge | null>();

  constructor(scope: EmitScope) {
    this.scope = scope;
  }

  /** The filesystem that a stage ends with; null when it is empty. Stages before it are emitted, or emitted first. */
  emit(plan: StagePlan): Edge | null {
    const known = this.#results.get(plan);
    if (known !== undefined) return known;
    let edge = this.#base(plan);
    for (const step of plan.steps) edge = this.#step(plan, step, edge);
    this.#results.set(plan, edge);
    return edge;
  }

  #base(plan: StagePlan): Edge | null {
    const { base } = plan;
    switch (base.kind) {
      case "scratch":
        return null;
      case "stage":
        return this.emit(base.plan);
      case "local": {
        const vertex = localVertex(base.name, {
          customName: `[context ${base.contextName}] load from client`,
          sharedKeyHint: `context:${base.contextName}-`,
          followPaths: followedPaths(plan.usedPaths),
          excludePatterns: base.excludePatterns,
        });
        return { vertex, index: 0 };
      }
      case "image":
        return this.#image(plan, base);
      case "remote":
        return { vertex: sourceVertex(base.source, { customName: base.customName }), index: 0 };
    }
  }

  #image(plan: StagePlan, base: Extract<StagePlan["base"], { kind: "image" }>): Edge | null {
    if (base.identifier === undefined) throw new InvariantError(`the image ${base.name} was not resolved`);
    const { config } = { config: plan.baseConfig };
    // An image without layers is an empty filesystem, which has no vertex.
    if (config?.rootfs?.diff_ids.length === 0 && !config.history?.some((entry) => !entry.empty_layer))
      return null;
    const { imageResolveMode } = this.scope.options;
    const modeAttrs: Record<string, string> =
      imageResolveMode === "" ? {} : { "image.resolvemode": imageResolveMode };
    const written = plan.stage?.from.node.original ?? base.name;
    return this.vertex(
      plan.span,
      createVertex({
        op: {
          kind: "source",
          identifier: base.identifier,
          attrs: base.layout === undefined ? modeAttrs : layoutAttrs(base),
        },
        constraints: { platform: plan.platform ?? this.scope.platform, filter: [] },
        metadata: {
          description: {
            [CUSTOM_NAME]: plan.fromName || `FROM ${base.identifier.replace("docker-image://", "")}`,
            [COMMAND]: written,
          },
        },
      }),
    );
  }

  vertex(span: Span, vertex: Vertex): Edge {
    const location = this.#locate(span);
    this.locations.set(vertex.digest, [...(this.locations.get(vertex.digest) ?? []), location]);
    return { vertex, index: 0 };
  }

  #locate(span: Span): VertexLocation {
    const { source } = this.scope;
    const position = (offset: number): Position => {
      const { line, column } = source.position(offset);
      return { line, character: column - 1 };
    };
    const index = source.fileIndex(span.start);
    const { includedAt } = source.files[index]!;
    return {
      source: index,
      ranges: [{ start: position(span.start), end: position(span.end) }],
      ...(includedAt === undefined ? {} : { includedFrom: this.#locate(includedAt) }),
    };
  }

  metadata(plan: StagePlan, step: Step): Pick<Vertex["metadata"], "description" | "ignoreCache"> {
    return {
      description: {
        [CUSTOM_NAME]: step.name,
        [COMMAND]: step.source,
        ...(step.commit ? { [COMMIT_MARK]: "true" } : {}),
      },
      ignoreCache: plan.ignoreCache,
    };
  }

  constraints(plan: StagePlan): Vertex["constraints"] {
    return { platform: plan.platform ?? this.scope.platform, filter: [] };
  }

  #step(plan: StagePlan, step: Step, below: Edge | null): Edge {
    switch (step.kind) {
      case "run":
        return emitRun(this, step, { plan, below });
      case "copy":
        return emitCopy(this, step, { plan, below });
      case "workdir":
        return this.#workdir(plan, step, below);
    }
  }

  get timestampNs(): bigint {
    const { sourceDateEpoch } = this.scope.options;
    return sourceDateEpoch === undefined ? -1n : BigInt(sourceDateEpoch) * 1_000_000_000n;
  }

  #workdir(plan: StagePlan, step: WorkdirStep, below: Edge | null): Edge {
    const inputs = new Inputs();
    const input = inputs.add(below);
    const owner = parseOwner(step.user, input);
    const vertex = createVertex({
      op: {
        kind: "file",
        actions: [
          {
            kind: "mkdir",
            input,
            output: 0,
            path: step.path,
            mode: 0o755,
            makeParents: true,
            ...(owner === undefined ? {} : { owner }),
            timestampNs: this.timestampNs,
          },
        ],
      },
      inputs: inputs.edges,
      metadata: { description: this.metadata(plan, step).description },
    });
    return this.vertex(step.span, vertex);
  }

  origin(origin: Origin): Edge | null {
    switch (origin.kind) {
      case "empty":
        return null;
      case "context":
        return this.scope.context;
      case "stage":
        return this.emit(origin.plan);
    }
  }
}
