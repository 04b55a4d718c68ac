import { COMMIT_MARK, type Edge, type Op, type Vertex } from "@slipway/ir";

/** The chain of a result from the top: each vertex and how many layers it adds; undefined layers end the chain. */
function* chain(result: Edge): Iterable<{ readonly vertex: Vertex; readonly added: number | undefined }> {
  for (let edge: Edge | undefined = result; edge !== undefined;) {
    const vertex: Vertex = edge.vertex;
    const op: Op = vertex.op;
    const index: number = edge.index;
    let below: number | undefined;
    let added: number | undefined;
    if (op.kind === "exec") {
      below = op.mounts.find((mount) => mount.output === index)?.input;
      added = 1;
    } else if (op.kind === "file") {
      below = op.actions[0]?.input;
      added = 1;
    } else if (op.kind === "merge") {
      below = op.inputs[0];
      added = addedByMerge(op.inputs.slice(1).map((input) => vertex.inputs[input]));
    }
    yield { vertex, added };
    edge = added === undefined || below === undefined ? undefined : vertex.inputs[below];
  }
}

/** The layers of what a merge lays over its first input; undefined when one of them is not only made of steps. */
function addedByMerge(uppers: readonly (Edge | undefined)[]): number | undefined {
  let total = 0;
  for (const upper of uppers) {
    if (upper === undefined) return undefined;
    for (const { added } of chain(upper)) {
      if (added === undefined) return undefined;
      total += added;
    }
  }
  return total;
}

/** True when the chain of a result has commit points: its layers are not those of its steps. */
export function hasCommitPoints(result: Edge | null): boolean {
  if (result === null) return false;
  for (const { vertex } of chain(result)) if (isCommitted(vertex)) return true;
  return false;
}

function isCommitted(vertex: Vertex): boolean {
  return vertex.metadata.description[COMMIT_MARK] === "true";
}

/**
 * At which numbers of layers a result is committed, in rising order, `layerCount` among them; undefined when it has no
 * commit points and every layer stays as it is. Every step makes one layer, so that the graph tells; what is below the
 * steps (a base image) always ends in a commit.
 */
export function commitLengths(result: Edge | null, layerCount: number): readonly number[] | undefined {
  if (result === null || !hasCommitPoints(result)) return undefined;
  const lengths = new Set([layerCount]);
  let length = layerCount;
  for (const { vertex, added } of chain(result)) {
    if (isCommitted(vertex) || added === undefined) lengths.add(length);
    length -= added ?? 0;
  }
  return [...lengths].filter((count) => count > 0).sort((a, b) => a - b);
}
