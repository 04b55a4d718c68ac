import { WorldError } from "@slipway/oci";
import type { Digest, DiffId } from "@slipway/oci";
import { contextChanged } from "../context/file-identity.ts";
import { textOfBytes } from "../layer-index/byte-path.ts";
import { BlockCompressor } from "./block-compressor.ts";
import type { PackRequest, PackResult } from "./contracts.ts";
import { assembleInWorker } from "./pack-in-worker.ts";
import { FileFaultError, DICTIONARY_BYTES, SLAB_BYTES, TarAssembler } from "./tar-assembler.ts";
import type { FileFault, Slab } from "./tar-assembler.ts";
import { paddingBytes } from "./tar-format.ts";
import { estimateTarBytes, planTar } from "./tar-plan.ts";

// Up to here a worker costs more (about 20 ms to start) than it gains.
const INLINE_MAX_BYTES = 1 << 20;
const INLINE_MAX_ENTRIES = 300;

/** @see PackLayer */
export async function packLayer(request: PackRequest): Promise<PackResult> {
  request.signal.throwIfAborted();
  const totalBytes = estimateTarBytes(request.index);
  let doneBytes = 0;
  const recycle: { release: (slab: Slab) => void } = { release: () => undefined };
  const compressor = new BlockCompressor({
    compression: request.compression,
    level: request.compressionLevel,
    hash: request.hashBlob ?? true,
    sink: (chunk) => request.sink(chunk),
    release: (slab) => recycle.release(slab),
  });
  const take = async (slab: Slab) => {
    doneBytes += slab.length;
    await compressor.add(slab);
    request.signal.throwIfAborted();
    request.onProgress?.(doneBytes, Math.max(doneBytes, totalBytes));
  };

  const isSmall = totalBytes <= INLINE_MAX_BYTES && request.index.entries.length <= INLINE_MAX_ENTRIES;
  const plan = planTar(request);
  let tar;
  try {
    tar = isSmall
      ? await assembleInline(plan, take)
      : await assembleInWorker({ plan, take, recycle, signal: request.signal });
  } catch (error) {
    throw error instanceof FileFaultError ? faultError(error.fault) : error;
  }
  const { digestHex, sizeBytes } = await compressor.finish();
  request.onProgress?.(tar.totalBytes, tar.totalBytes);
  const diffId = `sha256:${tar.sha256Hex}` as DiffId;
  return {
    diffId,
    uncompressedBytes: tar.totalBytes,
    ...(request.hashBlob === false
      ? {}
      : { digest: digestHex === undefined ? diffId : (`sha256:${digestHex}` as Digest) }),
    sizeBytes,
  };
}

async function assembleInline(plan: ReturnType<typeof planTar>, take: (slab: Slab) => Promise<void>) {
  const full: Slab[] = [];
  const batches = [...plan];
  const totalBytes = batches.reduce(
    (sum, { literals, sizes }) =>
      sizes.reduce((all, size) => all + size + paddingBytes(size), sum + literals.length),
    0,
  );
  // Many small layers would have the garbage collector look at everything after every few of them.
  const bufferBytes = DICTIONARY_BYTES + Math.min(SLAB_BYTES, totalBytes);
  const assembler = new TarAssembler(
    () => new ArrayBuffer(bufferBytes),
    (slab) => full.push(slab),
  );
  for (const batch of batches) {
    assembler.add(batch);
    for (const slab of full.splice(0)) await take(slab);
  }
  const tar = assembler.end();
  for (const slab of full) await take(slab);
  return tar;
}

function faultError(fault: FileFault): Error {
  const name = textOfBytes(fault.path);
  if (fault.reason === "changed") return contextChanged(fault.path);
  return new WorldError("FILE_NOT_READABLE", `"${name}" cannot be read: ${fault.reason}`, {
    hint: "Check the permissions of the file and of the folders above it.",
    data: { path: name, reason: fault.reason },
  });
}
