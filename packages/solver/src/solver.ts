import { type Edge, type Vertex, vertexName, walkVertices } from "@slipway/ir";
import { InvariantError, type Digest } from "@slipway/oci";
import {
  EMPTY_REF,
  type ProgressSink,
  type Ref,
  type SolverHost,
  type VertexResult,
} from "@slipway/engine-sdk";
import { definitionKeys, freshVertices } from "./definition-keys.ts";
import { vertexEvent } from "./vertex-progress.ts";
import { createSemaphore } from "./semaphore.ts";

export interface SolverOptions {
  readonly host: SolverHost;
  /** Steps that may execute at once; at least 1. */
  readonly maxParallelism: number;
  readonly progress: ProgressSink;
  /** Milliseconds since the epoch; default Date.now. */
  readonly now?: () => number;
}

/** Solves the graphs of one build. Everything that it is asked for shares its memory: each vertex runs at most once. */
export interface Solver {
  /**
   * The filesystem of an edge, from cache or by executing what it needs and nothing else. When a step fails, what
   * runs beside it is aborted, and the promise settles after all of it has ended.
   * @throws what the host throws; the signal's reason when aborted.
   */
  solve(edge: Edge | null, signal: AbortSignal): Promise<Ref>;
}

/** The input of a build op that holds the definition. @see LLB, BuildOp */
const DEFINITION_INPUT = "buildkit.llb.definition";

interface VertexState {
  readonly vertex: Vertex;
  readonly definitionKey: Digest | null;
  /** Not to be looked up by definition: it or something below ignores the cache. */
  readonly isFresh: boolean;
  result: Promise<VertexResult> | undefined;
}

/** Makes the solver of one build. */
export function createSolver(options: SolverOptions): Solver {
  const { host, progress } = options;
  const now = options.now ?? Date.now;
  const places = createSemaphore(options.maxParallelism);
  const states = new Map<Digest, VertexState>();
  const pins = new Map<Digest, Promise<string | null>>();
  const announced = new Set<Digest>();

  /** Computes keys for vertices not seen before, and shows them. */
  async function prepare(edge: Edge, signal: AbortSignal): Promise<void> {
    const vertices = [...walkVertices(edge)];
    const resolved = new Map<Digest, string | null>();
    await Promise.all(
      vertices.map(async (vertex) => {
        if (vertex.op.kind !== "source") return;
        let pin = pins.get(vertex.digest);
        if (!pin) pins.set(vertex.digest, (pin = host.sourceKey(vertex, signal)));
        resolved.set(vertex.digest, await pin);
      }),
    );
    const keys = definitionKeys(edge, resolved);
    const fresh = freshVertices(edge);
    for (const vertex of vertices) {
      if (states.has(vertex.digest)) continue;
      states.set(vertex.digest, {
        vertex,
        definitionKey: keys.get(vertex.digest) ?? null,
        isFresh: fresh.has(vertex.digest),
        result: undefined,
      });
      progress(vertexEvent(vertex, {}));
    }
  }

  function solveVertex(vertex: Vertex, signal: AbortSignal): Promise<VertexResult> {
    const state = states.get(vertex.digest);
    if (!state) throw new InvariantError(`vertex ${vertexName(vertex)} was not prepared`);
    return (state.result ??= find(state, signal));
  }

  async function find(state: VertexState, signal: AbortSignal): Promise<VertexResult> {
    const { vertex, definitionKey, isFresh } = state;
    // The pause keeps a chain of any length off the call stack.
    const byDefinition =
      definitionKey === null || isFresh ? await null : await host.lookup(definitionKey, signal);
    signal.throwIfAborted();
    if (byDefinition) {
      showCached(vertex);
      return byDefinition;
    }
    const inputs = await Promise.all(vertex.inputs.map((input) => solveEdge(input, signal)));
    signal.throwIfAborted();
    if (vertex.op.kind === "build") return solveNested(vertex, inputs, signal);

    const contentKey = await host.contentKey(vertex, inputs, signal);
    if (contentKey !== null && !vertex.metadata.ignoreCache) {
      const byContent = await host.lookup(contentKey, signal);
      if (byContent) {
        announced.add(vertex.digest);
        progress(vertexEvent(vertex, { cached: true, startedMs: now(), completedMs: now() }));
        if (definitionKey !== null) await host.record(vertex, [definitionKey], byContent);
        return byContent;
      }
    }
    const result = await execute(vertex, inputs, signal);
    const keys = [definitionKey, contentKey].filter((key) => key !== null);
    if (keys.length > 0) await host.record(vertex, keys, result);
    return result;
  }

  async function execute(vertex: Vertex, inputs: readonly Ref[], signal: AbortSignal): Promise<VertexResult> {
    // Sources wait for a network or a disk, not for a processor: they do not take a place from steps.
    const leave = vertex.op.kind === "source" ? () => {} : await places.acquire(signal);
    announced.add(vertex.digest);
    const startedMs = now();
    progress(vertexEvent(vertex, { startedMs }));
    try {
      const result = await host.execute(vertex, inputs, { signal, progress });
      progress(vertexEvent(vertex, { startedMs, completedMs: now() }));
      return result;
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      progress(
        vertexEvent(vertex, { startedMs, completedMs: now(), error: signal.aborted ? "canceled" : message }),
      );
      throw error;
    } finally {
      leave();
    }
  }

  async function solveNested(
    vertex: Vertex,
    inputs: readonly Ref[],
    signal: AbortSignal,
  ): Promise<VertexResult> {
    const held = vertex.op.kind === "build" ? (vertex.op.inputs[DEFINITION_INPUT] ?? 0) : 0;
    const edge = await host.loadDefinition(vertex, inputs[held] ?? EMPTY_REF, signal);
    return { outputs: [edge === null ? EMPTY_REF : await solvePrepared(edge, signal)] };
  }

  async function solveEdge(edge: Edge, signal: AbortSignal): Promise<Ref> {
    const { outputs } = await solveVertex(edge.vertex, signal);
    const ref = outputs[edge.index];
    if (!ref) throw new InvariantError(`${vertexName(edge.vertex)} has no output ${edge.index}`);
    return ref;
  }

  async function solvePrepared(edge: Edge, signal: AbortSignal): Promise<Ref> {
    await prepare(edge, signal);
    return solveEdge(edge, signal);
  }

  /** A hit covers everything that only it would have needed: people expect to see those steps as cached, too. */
  function showCached(top: Vertex): void {
    const below: Vertex[] = [];
    const pending = [top];
    const seen = new Set<Digest>();
    for (let vertex = pending.pop(); vertex; vertex = pending.pop()) {
      if (seen.has(vertex.digest)) continue;
      seen.add(vertex.digest);
      if (vertex !== top && states.get(vertex.digest)?.result) continue;
      below.push(vertex);
      for (const input of vertex.inputs) pending.push(input.vertex);
    }
    for (const vertex of below.reverse()) {
      if (announced.has(vertex.digest)) continue;
      announced.add(vertex.digest);
      progress(vertexEvent(vertex, { cached: true, startedMs: now(), completedMs: now() }));
    }
  }

  /** Waits until nothing of this build runs any more, and forgets what failed, so that it may be asked for again. */
  async function settle(): Promise<void> {
    for (let known = -1; known !== states.size;) {
      known = states.size;
      await Promise.all(
        [...states.values()].map(async (state) => {
          await state.result?.catch(() => (state.result = undefined));
        }),
      );
    }
  }

  return {
    async solve(edge, signal) {
      if (edge === null) return EMPTY_REF;
      const failure = new AbortController();
      const either = AbortSignal.any([signal, failure.signal]);
      try {
        return await solvePrepared(edge, either);
      } catch (error) {
        failure.abort(error);
        await settle();
        throw error;
      }
    },
  };
}
