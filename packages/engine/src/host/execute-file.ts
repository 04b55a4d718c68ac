import type { FileOp, Vertex } from "@slipway/ir";
import { InvariantError } from "@slipway/oci";
import { EMPTY_REF, type ExecuteContext, extendRef, type Ref, type VertexResult } from "@slipway/engine-sdk";
import { planFileOp, type Store } from "@slipway/store";

/**
 * Changes filesystems on paper: the plan is an index, and nothing is copied until something needs the bytes.
 * Each output is the chain of the input that it changes and one layer more.
 */
export async function executeFile(
  store: Store,
  vertex: Vertex & { readonly op: FileOp },
  task: { readonly inputs: readonly Ref[]; readonly context: ExecuteContext },
): Promise<VertexResult> {
  const { signal, progress } = task.context;
  const views = await Promise.all(task.inputs.map((ref) => store.roots.view(ref, signal)));
  const plans = await planFileOp({
    op: vertex.op,
    inputs: views,
    signal,
    onUnknownOwner({ code, message }) {
      const hint =
        "It counts for nothing, so that root owns the files. Create it in an earlier step, or write its number.";
      progress({ kind: "warning", vertex: vertex.digest, code, message, hint });
    },
    async unpack(file, view) {
      const layer = await store.layers.unpackArchive(file, view, signal);
      return layer === null ? null : store.roots.view({ layers: [layer] }, signal);
    },
  });
  const outputs = await Promise.all(
    plans.map(async (plan): Promise<Ref | null> => {
      if (plan === undefined) return null;
      const base = plan.base < 0 ? EMPTY_REF : task.inputs[plan.base];
      if (!base) throw new InvariantError(`a file op is based on input ${plan.base}, which does not exist`);
      // No changes make an empty layer, as with RUN: histories count on one for each step.
      return extendRef(base, await store.layers.addIndex(plan.changes ?? { entries: [] }, signal));
    }),
  );
  return { outputs };
}
