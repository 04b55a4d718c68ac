import {
  decode,
  type Edge,
  type ExecOp,
  type FileOp,
  type SourceOp,
  type Vertex,
  vertexName,
} from "@slipway/ir";
import { hostPlatform, InputError, InvariantError, unreachable } from "@slipway/oci";
import type { ExecuteContext, Ref, SolverHost, Source, VertexResult } from "@slipway/engine-sdk";
import { contentKey } from "./content-keys.ts";
import { checkEntitlements } from "./entitlements.ts";
import { executeExec, type ExecDependencies } from "./execute-exec.ts";
import { executeFile } from "./execute-file.ts";
import { executeDiff, executeMerge } from "./execute-merge.ts";

export interface SolverHostOptions extends ExecDependencies {
  /** Of this build: they know its folders. */
  readonly sources: readonly Source[];
  /** Dresses an error with the place in the build file that the vertex was written at. */
  readonly locate: (error: unknown, vertex: Vertex) => unknown;
  /** Called with each result as it becomes known, so that blobs can be made early. */
  readonly onResult?: (vertex: Vertex, result: VertexResult) => void;
}

const DEFINITION_FILE = "buildkit.llb.definition";
/** A definition larger than this is refused. In bytes. */
const MAX_DEFINITION_BYTES = 64 * 1024 * 1024;

/** The solver's hands: sources, steps and the cache of one build over the store. */
export function createSolverHost(options: SolverHostOptions): SolverHost {
  const { store } = options;

  function sourceFor(op: SourceOp): Source {
    const scheme = op.identifier.slice(0, op.identifier.indexOf("://"));
    const source = options.sources.find(({ schemes }) => schemes.includes(scheme));
    if (source) return source;
    throw new InputError(
      "SOURCE_UNSUPPORTED",
      `can't get ${op.identifier}: no source for ${scheme || "it"}`,
      {
        hint: `This version of Slipway knows ${options.sources.flatMap(({ schemes }) => schemes).join(", ")}.`,
      },
    );
  }

  async function run(vertex: Vertex, inputs: readonly Ref[], context: ExecuteContext): Promise<VertexResult> {
    const { op } = vertex;
    const { signal } = context;
    switch (op.kind) {
      case "source": {
        const platform = vertex.constraints.platform ?? hostPlatform();
        return { outputs: [await sourceFor(op).load(op, platform, { vertex, context })] };
      }
      case "exec":
        return executeExec(options, vertex as Vertex & { op: ExecOp }, { inputs, context });
      case "file":
        // A step is certain to come: its sandbox starts up while files are looked at.
        if (options.isFollowed(vertex)) options.sandbox(signal).then((driver) => driver.warm?.(), ignore);
        return executeFile(store, vertex as Vertex & { op: FileOp }, { inputs, context });
      case "merge":
        return executeMerge(op.inputs.map((index) => optional(inputs, index)));
      case "diff":
        return executeDiff(store, {
          lower: optional(inputs, op.lower),
          upper: optional(inputs, op.upper),
          signal,
        });
      case "build":
        throw new InvariantError("a build op reached the host: the solver resolves it");
      default:
        return unreachable(op, "op");
    }
  }

  return {
    async sourceKey(vertex, signal) {
      if (vertex.op.kind !== "source") return null;
      try {
        return await sourceFor(vertex.op).key(
          vertex.op,
          vertex.constraints.platform ?? hostPlatform(),
          signal,
        );
      } catch (error) {
        throw options.locate(error, vertex);
      }
    },
    async contentKey(vertex, inputs, signal) {
      try {
        return await contentKey(store, vertex, inputs, signal);
      } catch (error) {
        throw options.locate(error, vertex);
      }
    },
    async execute(vertex, inputs, context) {
      try {
        const result = await run(vertex, inputs, context);
        options.onResult?.(vertex, result);
        return result;
      } catch (error) {
        throw options.locate(error, vertex);
      }
    },
    lookup: (key) => Promise.resolve(store.cache.lookup(key)),
    record(vertex, keys, result) {
      store.cache.record(keys, result, { description: vertexName(vertex) });
      return Promise.resolve();
    },
    async loadDefinition(vertex, input, signal): Promise<Edge | null> {
      const attrs = vertex.op.kind === "build" ? vertex.op.attrs : {};
      const file = attrs["llbbuild.filename"] ?? DEFINITION_FILE;
      const view = await store.roots.view(input, signal);
      const bytes = await view.readFile(`/${file}`, { maxBytes: MAX_DEFINITION_BYTES });
      const { result } = decode(bytes);
      checkEntitlements([result], options);
      return result;
    },
  };
}

/** The step that needs the sandbox hears of the failure. */
function ignore(): void {}

function required(inputs: readonly Ref[], index: number): Ref {
  const ref = inputs[index];
  if (!ref) throw new InvariantError(`input ${index} does not exist`);
  return ref;
}

function optional(inputs: readonly Ref[], index: number): Ref {
  return index < 0 ? { layers: [] } : required(inputs, index);
}
