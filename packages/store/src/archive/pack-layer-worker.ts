import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import type { MessagePort } from "node:worker_threads";
import { DICTIONARY_BYTES, FileFaultError, SLAB_BYTES, TarAssembler } from "./tar-assembler.ts";
import type { FileFault, Slab } from "./tar-assembler.ts";
import type { TarBatch } from "./tar-plan.ts";

// Worker: reads files and puts the tar together while the main thread has it compressed.

/** What the worker starts with. */
export interface PackWorkerData {
  /** One number: blocks that the worker may fill before the main thread gives some back. */
  readonly credit: Int32Array;
  /** Brings used block buffers back. */
  readonly returned: MessagePort;
}

export type ToPackWorker = { readonly kind: "batch"; readonly batch: TarBatch } | { readonly kind: "end" };

export type FromPackWorker =
  | { readonly kind: "slab"; readonly slab: Slab }
  /** Another batch is wanted. */
  | { readonly kind: "more" }
  | { readonly kind: "end"; readonly sha256Hex: string; readonly totalBytes: number }
  | { readonly kind: "fault"; readonly fault: FileFault };

const port = parentPort!;
const { credit, returned } = workerData as PackWorkerData;
const post = (message: FromPackWorker, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer);

function acquire(): ArrayBuffer {
  while (Atomics.load(credit, 0) <= 0) Atomics.wait(credit, 0, 0);
  Atomics.sub(credit, 0, 1);
  const used = receiveMessageOnPort(returned) as { message: ArrayBuffer } | undefined;
  return used?.message ?? new ArrayBuffer(DICTIONARY_BYTES + SLAB_BYTES);
}

const assembler = new TarAssembler(acquire, (slab) => post({ kind: "slab", slab }, [slab.buffer]));

port.on("message", (message: ToPackWorker) => {
  try {
    if (message.kind === "batch") {
      // Asked for before this one is worked on, so that the next is there in time.
      post({ kind: "more" });
      assembler.add(message.batch);
    } else {
      post({ kind: "end", ...assembler.end() });
      port.close();
      returned.close();
    }
  } catch (error) {
    if (!(error instanceof FileFaultError)) throw error;
    post({ kind: "fault", fault: error.fault });
    port.close();
    returned.close();
  }
});
