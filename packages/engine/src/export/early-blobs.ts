import type { Edge, Vertex } from "@slipway/ir";
import type { Digest } from "@slipway/oci";
import { chainOf, type LayerBlobOptions, type VertexResult } from "@slipway/engine-sdk";
import type { Store } from "@slipway/store";

/** Makes blobs of layers that the image will have while later steps still run. */
export interface EarlyBlobs {
  /** Starts the blob of a vertex's new layer when the image will have it. */
  onResult(vertex: Vertex, result: VertexResult): void;
  /** Waits until nothing is being made any more. */
  settled(): Promise<void>;
}

/**
 * @param results result edges of the build
 * @param wanted how the exporter wants its blobs
 */
export function createEarlyBlobs(options: {
  readonly store: Store;
  readonly results: readonly (Edge | null)[];
  readonly wanted: LayerBlobOptions;
  readonly signal: AbortSignal;
}): EarlyBlobs {
  const { store, wanted, signal } = options;
  const inChain = new Map<Digest, number>();
  for (const edge of options.results) if (edge) followChain(edge, inChain);
  let queue: Promise<void> = Promise.resolve();

  return {
    onResult(vertex, result) {
      const output = inChain.get(vertex.digest);
      const ref = output === undefined ? undefined : result.outputs[output];
      const layer = ref ? chainOf(ref)?.layer : undefined;
      if (layer === undefined || vertex.op.kind === "source") return;
      // A failure comes up again, with its context, when the exporter asks for the blob.
      queue = queue.then(() =>
        signal.aborted ? undefined : store.layers.blob(layer, { ...wanted, signal }).then(ignore, ignore),
      );
    },
    settled: () => queue,
  };
}

function ignore(): void {}

/** The vertices whose new layers are in the chain of an edge, with the output that is. */
function followChain(result: Edge, found: Map<Digest, number>): void {
  const pending = [result];
  for (let edge = pending.pop(); edge; edge = pending.pop()) {
    const { vertex, index } = edge;
    if (found.has(vertex.digest)) continue;
    found.set(vertex.digest, index);
    for (const input of chainInputs(vertex, index)) {
      const below = vertex.inputs[input];
      if (below) pending.push(below);
    }
  }
}

/** Indexes of the inputs whose chains an output begins with. */
function chainInputs({ op }: Vertex, output: number): readonly number[] {
  switch (op.kind) {
    case "exec":
      return op.mounts.filter((mount) => mount.output === output).map((mount) => mount.input);
    case "file":
      return op.actions.slice(0, 1).map((action) => action.input);
    case "merge":
      return op.inputs;
    default:
      return [];
  }
}
