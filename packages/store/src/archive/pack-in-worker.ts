import { InvariantError } from "@slipway/oci";
import type { FromPackWorker, PackWorkerData, ToPackWorker } from "./pack-layer-worker.ts";
import { FileFaultError } from "./tar-assembler.ts";
import type { Slab } from "./tar-assembler.ts";
import type { TarBatch } from "./tar-plan.ts";

// Blocks that exist at one time: this times 1 MiB bounds the memory.
const SLABS = 24;

export interface WorkerAssembly {
  readonly plan: Iterator<TarBatch>;
  /** Takes a block; the next call comes when its promise has settled. */
  take(slab: Slab): Promise<void>;
  /** Gets its `release` set: what gives a block's buffer back to the worker. */
  readonly recycle: { release: (slab: Slab) => void };
  readonly signal: AbortSignal;
}

/**
 * Has a worker read the files and put the tar together.
 * @throws FileFaultError, and whatever `take` and `signal` throw; the worker has ended by then
 */
export async function assembleInWorker(
  assembly: WorkerAssembly,
): Promise<{ sha256Hex: string; totalBytes: number }> {
  const { Worker, MessageChannel } = await import("node:worker_threads");
  const credit = new Int32Array(new SharedArrayBuffer(4));
  credit[0] = SLABS;
  const { port1, port2 } = new MessageChannel();
  const workerData: PackWorkerData = { credit, returned: port2 };
  const file = import.meta.url.endsWith(".ts") ? "./pack-layer-worker.ts" : "./pack-layer-worker.js";
  const worker = new Worker(new URL(file, import.meta.url), { workerData, transferList: [port2] });

  assembly.recycle.release = ({ buffer }) => {
    port1.postMessage(buffer, [buffer]);
    Atomics.add(credit, 0, 1);
    Atomics.notify(credit, 0);
  };
  const feed = () => {
    const next = assembly.plan.next();
    const message: ToPackWorker = next.done === true ? { kind: "end" } : { kind: "batch", batch: next.value };
    worker.postMessage(
      message,
      next.done === true ? [] : [next.value.literals.buffer, next.value.identities.buffer],
    );
  };

  let onAbort = () => undefined as void;
  try {
    return await new Promise((resolve, reject) => {
      let taken: Promise<unknown> = Promise.resolve();
      onAbort = () => reject(assembly.signal.reason);
      assembly.signal.addEventListener("abort", onAbort, { once: true });
      worker.on("error", reject);
      worker.on("exit", () => reject(new InvariantError("the packing worker ended early")));
      worker.on("message", (message: FromPackWorker) => {
        try {
          if (message.kind === "slab") taken = taken.then(() => assembly.take(message.slab));
          else if (message.kind === "more") feed();
          else if (message.kind === "fault") reject(new FileFaultError(message.fault));
          else {
            // From here on its end is no surprise.
            worker.removeAllListeners("exit");
            taken.then(
              () => resolve({ sha256Hex: message.sha256Hex, totalBytes: message.totalBytes }),
              reject,
            );
          }
          taken.catch(reject);
        } catch (error) {
          reject(error);
        }
      });
      feed();
    });
  } finally {
    assembly.signal.removeEventListener("abort", onAbort);
    assembly.recycle.release = () => undefined;
    worker.removeAllListeners("exit");
    port1.close();
    await worker.terminate();
  }
}
