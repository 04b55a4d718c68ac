import fs from "node:fs";
import { Readable } from "node:stream";
import { InvariantError, MediaTypes } from "@slipway/oci";
import type { ExportRef, FileEntry, LayerBlob, LayerBlobOptions, LayerId, Ref } from "@slipway/engine-sdk";
import type { BytePath, LayerBlobInfo, Lookup, MergedView, Store } from "@slipway/store";

const READ_BYTES = 1024 * 1024;
/** Files up to this size are read in one go. */
const SMALL_BYTES = 64 * 1024;

const DOCKER_TYPES: Readonly<Record<string, string>> = {
  [MediaTypes.ociLayer]: MediaTypes.dockerLayer,
  [MediaTypes.ociLayerGzip]: MediaTypes.dockerLayerGzip,
};
const OCI_TYPES = Object.fromEntries(Object.entries(DOCKER_TYPES).map(([oci, docker]) => [docker, oci]));

/** Called as a layer's blob is made; bytes of the uncompressed archive. */
export type BlobProgress = (layer: LayerId, doneBytes: number, totalBytes: number) => void;

/** A solved ref as exporters see it. */
export function createExportRef(
  store: Store,
  ref: Ref,
  options: { readonly signal: AbortSignal; readonly onBlobProgress?: BlobProgress },
): ExportRef {
  const { signal } = options;

  async function blob(id: LayerId, wanted: LayerBlobOptions): Promise<LayerBlob> {
    const info = await store.layers.blob(id, {
      ...wanted,
      signal,
      onProgress: (done, total) => options.onBlobProgress?.(id, done, total),
    });
    const types = wanted.dockerMediaTypes ? DOCKER_TYPES : OCI_TYPES;
    const { mediaType } = info.descriptor;
    return {
      ...info,
      descriptor: { ...info.descriptor, mediaType: types[mediaType] ?? mediaType },
      open: () => Readable.from(bytes(id, info), { objectMode: false }),
    };
  }

  async function* bytes(id: LayerId, info: LayerBlobInfo): AsyncGenerator<Buffer> {
    const path = info.path ?? (await store.layers.fetchBlob(id, info.descriptor.digest, signal));
    for await (const chunk of fs.createReadStream(path, { highWaterMark: READ_BYTES, signal }))
      yield chunk as Buffer;
  }

  return {
    // One after the other: a single layer keeps all processors busy, and memory stays bounded.
    async blobs(wanted) {
      const blobs: LayerBlob[] = [];
      for (const id of ref.layers) blobs.push(await blob(id, wanted));
      return blobs;
    },
    async *files() {
      const view = await store.roots.view(ref, signal);
      for (const lookup of view.walk("" as BytePath)) {
        if ((lookup.linked ?? lookup.entry).kind === "file") await view.ensureContent(lookup, signal);
        yield fileEntry(view, lookup);
      }
    },
  };
}

const NO_XATTRS: ReadonlyMap<string, Uint8Array> = new Map();

function fileEntry(view: MergedView, lookup: Lookup): FileEntry {
  const { entry } = lookup;
  const { path } = entry;
  const named = lookup.linked ?? entry;
  if (named.kind === "hardlink") throw new InvariantError(`the hard link ${path} has no first name`);
  const { mode, uid, gid, mtimeNs, xattrs = NO_XATTRS } = named;
  const common = { path, mode, uid, gid, mtimeNs, xattrs, sizeBytes: 0 };
  // A link whose first name a later layer replaced or removed is a file of its own.
  if (entry.kind === "hardlink" && view.lstat(entry.target)?.layer === lookup.layer) {
    return { ...common, kind: "hardlink", linkname: entry.target };
  }
  switch (named.kind) {
    case "file":
      return { ...common, kind: "file", sizeBytes: named.sizeBytes, open: () => openFile(view, lookup) };
    case "symlink":
      return { ...common, kind: "symlink", linkname: named.target };
    case "char":
    case "block":
      return { ...common, kind: named.kind, major: named.major, minor: named.minor };
    default:
      return { ...common, kind: named.kind };
  }
}

function openFile(view: MergedView, lookup: Lookup): Readable {
  const opened = view.open(lookup);
  if ("data" in opened) return readableOf(Buffer.from(opened.data));
  const { fd, sizeBytes } = opened;
  // A stream of the system takes a buffer, and turns in the thread pool, for each of what may be 100,000 small files.
  if (sizeBytes <= SMALL_BYTES) return readableOf(readWhole(fd, sizeBytes));
  return fs.createReadStream("", { fd, highWaterMark: Math.min(READ_BYTES, sizeBytes) });
}

/** Closes the file. What is there may be less than was said, never more. */
function readWhole(fd: number, sizeBytes: number): Buffer {
  try {
    const bytes = Buffer.allocUnsafe(sizeBytes);
    let done = 0;
    while (done < sizeBytes) {
      const count = fs.readSync(fd, bytes, done, sizeBytes - done, null);
      if (count === 0) break;
      done += count;
    }
    return bytes.subarray(0, done);
  } finally {
    fs.closeSync(fd);
  }
}

function readableOf(bytes: Buffer): Readable {
  return new Readable({
    read() {
      if (bytes.length > 0) this.push(bytes);
      this.push(null);
    },
  });
}
