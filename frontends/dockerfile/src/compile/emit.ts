import {
  createVertex,
  CUSTOM_NAME,
  NO_INPUT,
  NO_OUTPUT,
  type CopyAction,
  type Edge,
  type Mount,
  type Position,
  type Vertex,
  type VertexLocation,
} from "@slipway/ir";
import { InvariantError, type Digest, type Platform } from "@slipway/oci";
import type { SourceText, Span } from "../syntax/source-text.ts";
import { localVertex } from "./local-source.ts";
import type { CompileOptions } from "./options.ts";
import { parseOwner } from "./owner.ts";
import type { CopyStep, MountStep, Origin, RunStep, StagePlan, Step, WorkdirStep } from "./plan.ts";

const COMMAND = "com.docker.dockerfile.v1.command";

export interface EmitScope {
  readonly options: CompileOptions;
  readonly source: SourceText;
  readonly platform: Platform;
  /** The build context; null when nothing uses it. */
  readonly context: Edge | null;
}

/** Numbers the inputs of a vertex; the same edge gets one number. */
class Inputs {
  readonly edges: Edge[] = [];

  add(edge: Edge | null): number {
    if (edge === null) return NO_INPUT;
    const known = this.edges.findIndex(
      ({ vertex, index }) => vertex.digest === edge.vertex.digest && index === edge.index,
    );
    if (known >= 0) return known;
    this.edges.push(edge);
    return this.edges.length - 1;
  }
}

/** The paths that a local source has to send; empty means all of them. */
export function followedPaths(used: ReadonlySet<string>): readonly string[] {
  if (used.has("/")) return [];
  return [...used].map((path) => path.replace(/^\//, "")).sort();
}

/** Turns planned stages into vertices. */
export class Emitter {
  /** Where in the build file vertices come from. */
  readonly locations = new Map<Digest, readonly VertexLocation[]>();
  readonly #scope: EmitScope;
  readonly #results = new Map<StagePlan, Edge | null>();

  constructor(scope: EmitScope) {
    this.#scope = scope;
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
          sharedKeyHint: `context:${base.contextName}`,
          followPaths: followedPaths(plan.usedPaths),
          excludePatterns: base.excludePatterns,
        });
        return { vertex, index: 0 };
      }
      case "image":
        return this.#image(plan, base);
    }
  }

  #image(plan: StagePlan, base: Extract<StagePlan["base"], { kind: "image" }>): Edge | null {
    if (base.identifier === undefined) throw new InvariantError(`the image ${base.name} was not resolved`);
    const { config } = { config: plan.baseConfig };
    // An image without layers is an empty filesystem, which has no vertex.
    if (config?.rootfs?.diff_ids.length === 0 && !config.history?.some((entry) => !entry.empty_layer))
      return null;
    const { imageResolveMode } = this.#scope.options;
    const written = plan.stage?.from.node.original ?? base.name;
    return this.#vertex(
      plan.span,
      createVertex({
        op: {
          kind: "source",
          identifier: base.identifier,
          attrs: imageResolveMode === "" ? {} : { "image.resolvemode": imageResolveMode },
        },
        constraints: { platform: plan.platform ?? this.#scope.platform, filter: [] },
        metadata: {
          description: {
            [CUSTOM_NAME]: plan.fromName || `FROM ${base.identifier.replace("docker-image://", "")}`,
            [COMMAND]: written,
          },
        },
      }),
    );
  }

  #vertex(span: Span, vertex: Vertex): Edge {
    const { source } = this.#scope;
    const position = (offset: number): Position => {
      const { line, column } = source.position(offset);
      return { line, character: column - 1 };
    };
    const location: VertexLocation = {
      source: 0,
      ranges: [{ start: position(span.start), end: position(span.end) }],
    };
    this.locations.set(vertex.digest, [...(this.locations.get(vertex.digest) ?? []), location]);
    return { vertex, index: 0 };
  }

  #metadata(plan: StagePlan, step: Step): Pick<Vertex["metadata"], "description" | "ignoreCache"> {
    return {
      description: { [CUSTOM_NAME]: step.name, [COMMAND]: step.source },
      ignoreCache: plan.ignoreCache,
    };
  }

  #constraints(plan: StagePlan): Vertex["constraints"] {
    return { platform: plan.platform ?? this.#scope.platform, filter: [] };
  }

  #step(plan: StagePlan, step: Step, below: Edge | null): Edge {
    switch (step.kind) {
      case "run":
        return this.#run(plan, step, below);
      case "copy":
        return step.link ? this.#linked(plan, step, below) : this.#copy(plan, step, below);
      case "workdir":
        return this.#workdir(plan, step, below);
    }
  }

  get #timestampNs(): bigint {
    const { sourceDateEpoch } = this.#scope.options;
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
            timestampNs: this.#timestampNs,
          },
        ],
      },
      inputs: inputs.edges,
      constraints: this.#constraints(plan),
      metadata: { description: this.#metadata(plan, step).description },
    });
    return this.#vertex(step.span, vertex);
  }

  #origin(origin: Origin): Edge | null {
    switch (origin.kind) {
      case "empty":
        return null;
      case "context":
        return this.#scope.context;
      case "stage":
        return this.emit(origin.plan);
    }
  }

  #copyActions(step: CopyStep, inputs: Inputs, below: Edge | null): readonly CopyAction[] {
    const base = inputs.add(below);
    const secondaryInput = inputs.add(this.#origin(step.origin));
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
        timestampNs: this.#timestampNs,
        includePatterns: [],
        excludePatterns: [],
        alwaysReplaceExistingDestPaths: false,
        requiredPaths: [],
      };
    });
  }

  #copy(plan: StagePlan, step: CopyStep, below: Edge | null, name = step.name): Edge {
    const inputs = new Inputs();
    const actions = this.#copyActions(step, inputs, below);
    const { description, ignoreCache } = this.#metadata(plan, step);
    const vertex = createVertex({
      op: { kind: "file", actions },
      inputs: inputs.edges,
      constraints: this.#constraints(plan),
      metadata: { description: { ...description, [CUSTOM_NAME]: name }, ignoreCache },
    });
    return this.#vertex(step.span, vertex);
  }

  /** COPY --link: the files on an empty filesystem, laid over what is below. */
  #linked(plan: StagePlan, step: CopyStep, below: Edge | null): Edge {
    const layer = this.#copy(plan, step, null);
    if (below === null) return layer;
    const { description, ignoreCache } = this.#metadata(plan, step);
    const vertex = createVertex({
      op: { kind: "merge", inputs: [0, 1] },
      inputs: [below, layer],
      constraints: this.#constraints(plan),
      metadata: {
        description: { ...description, [CUSTOM_NAME]: step.name.replace(/(?=(?:COPY|ADD)\b)/, "LINK ") },
        ignoreCache,
      },
    });
    return this.#vertex(step.span, vertex);
  }

  #run(plan: StagePlan, step: RunStep, below: Edge | null): Edge {
    const { options } = this.#scope;
    const inputs = new Inputs();
    const root: Mount = {
      kind: "bind",
      dest: "/",
      input: inputs.add(below),
      selector: "",
      output: 0,
      readonly: false,
      contentCache: "default",
    };
    const mounts = step.mounts.map((mount) => this.#mount(plan, mount, inputs));
    mounts.sort((a, b) => (a.dest < b.dest ? -1 : a.dest > b.dest ? 1 : 0));
    const vertex = createVertex({
      op: {
        kind: "exec",
        meta: {
          args: step.args,
          env: step.env,
          cwd: step.cwd,
          user: step.user,
          ...(options.proxyEnv === undefined ? {} : { proxyEnv: options.proxyEnv }),
          extraHosts: options.extraHosts,
          hostname: options.hostname,
          ulimit: options.ulimits,
          cgroupParent: options.cgroupParent,
          removeMountStubsRecursive: true,
          validExitCodes: [],
        },
        mounts: [root, ...mounts],
        network: step.network,
        security: "sandbox",
        secretEnv: [],
        cdiDevices: [],
      },
      inputs: inputs.edges,
      constraints: this.#constraints(plan),
      metadata: this.#metadata(plan, step),
    });
    return this.#vertex(step.span, vertex);
  }

  #mount(plan: StagePlan, mount: MountStep, inputs: Inputs): Mount {
    const origin =
      mount.root === undefined ? this.#origin(mount.origin) : this.#cacheRoot(plan, mount, mount.root);
    const base = {
      dest: mount.target,
      input: inputs.add(origin),
      selector: mount.root === undefined ? mount.selector : "/cache",
      output: NO_OUTPUT,
      readonly: mount.readonly,
    };
    switch (mount.type) {
      case "bind":
        return { kind: "bind", ...base, contentCache: "default" };
      case "cache":
        return { kind: "cache", ...base, cacheId: mount.cacheId, sharing: mount.sharing };
      case "tmpfs":
        return { kind: "tmpfs", ...base, sizeBytes: mount.sizeBytes };
    }
  }

  /** A cache that begins with a folder of the wanted owner and mode. */
  #cacheRoot(plan: StagePlan, mount: MountStep, root: NonNullable<MountStep["root"]>): Edge {
    const inputs = new Inputs();
    const vertex = createVertex({
      op: {
        kind: "file",
        actions: [
          {
            kind: "mkdir",
            input: inputs.add(this.#origin(mount.origin)),
            output: 0,
            path: "/cache",
            mode: root.mode,
            makeParents: false,
            owner: { user: { kind: "id", id: root.uid }, group: { kind: "id", id: root.gid } },
            timestampNs: -1n,
          },
        ],
      },
      inputs: inputs.edges,
      constraints: this.#constraints(plan),
      metadata: { description: { [CUSTOM_NAME]: "[internal] settings cache mount permissions" } },
    });
    return { vertex, index: 0 };
  }
}
