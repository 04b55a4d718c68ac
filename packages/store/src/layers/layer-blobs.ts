import { layerCompression, MediaTypes, type Descriptor } from "@slipway/oci";
import type { LayerId } from "@slipway/engine-sdk";
import type { LayerBlobInfo, LayerBlobRequest } from "../contracts.ts";
import type { LayerIndex } from "../layer-index/entry.ts";
import { withWorldErrorsAsync } from "../syscalls/fs-errors.ts";
import { OnceMap } from "../syscalls/once-map.ts";
import { isVolatile, type KnownLayers } from "./known-layers.ts";
import { layerNotAvailable } from "./layer-errors.ts";
import type { LayerStoreParts } from "./layer-parts.ts";
import type { StoredBlob } from "./layer-table.ts";
import type { LayerTrees } from "./layer-trees.ts";
import { ORIGIN, type RemoteLayers } from "./remote-layers.ts";

/** Blobs of layers: those that were pulled, those that are there, and new ones, packed when they are asked for. */
export class LayerBlobs {
  readonly #parts: LayerStoreParts;
  readonly #known: KnownLayers;
  readonly #trees: LayerTrees;
  readonly #remotes: RemoteLayers;
  /** Blobs that the table must not know: nothing could be made from them again. */
  readonly #volatile = new Map<LayerId, StoredBlob[]>();
  readonly #packing = new OnceMap<string, LayerBlobInfo>();

  constructor(
    parts: LayerStoreParts,
    layers: { readonly known: KnownLayers; readonly trees: LayerTrees; readonly remotes: RemoteLayers },
  ) {
    this.#parts = parts;
    this.#known = layers.known;
    this.#trees = layers.trees;
    this.#remotes = layers.remotes;
  }

  /** @see LayerStore.blob */
  blob(id: LayerId, request: LayerBlobRequest): Promise<LayerBlobInfo> {
    const { compression, compressionLevel = "", force, rewriteTimestampSeconds = "" } = request;
    const key = [id, compression, compressionLevel, force, rewriteTimestampSeconds].join(" ");
    return this.#packing.run(key, request.signal, () =>
      withWorldErrorsAsync(this.#parts.root, () => this.#blob(id, request)),
    );
  }

  async #blob(id: LayerId, request: LayerBlobRequest): Promise<LayerBlobInfo> {
    const pulled = id.startsWith("d-") ? this.#remotes.blobOf(id) : undefined;
    if (
      pulled !== undefined &&
      (!request.force || layerCompression(pulled.descriptor.mediaType) === request.compression)
    ) {
      return this.#info(id, pulled);
    }
    // Pulled layers keep their times: they were not made by this build.
    const rewrite = id.startsWith("d-") ? undefined : request.rewriteTimestampSeconds;
    const variant = `${request.compression}:${request.compressionLevel ?? ""}:${rewrite ?? ""}`;
    const there = this.#find(id, { variant, rewrite, force: request.force });
    return this.#info(
      id,
      there ?? (await this.#pack(id, { ...request, rewriteTimestampSeconds: rewrite }, variant)),
    );
  }

  #find(
    id: LayerId,
    wanted: { readonly variant: string; readonly rewrite: number | undefined; readonly force: boolean },
  ): StoredBlob | undefined {
    const here = [...(this.#volatile.get(id) ?? []), ...this.#parts.table.blobs(id)].filter(
      (blob) => blob.variant !== ORIGIN && this.#parts.blobs.has(blob.descriptor.digest),
    );
    const exact = here.find((blob) => blob.variant === wanted.variant);
    if (exact !== undefined || wanted.force) return exact;
    return here.find((blob) => blob.variant.endsWith(`:${wanted.rewrite ?? ""}`));
  }

  async #pack(id: LayerId, request: LayerBlobRequest, variant: string): Promise<StoredBlob> {
    const { signal } = request;
    await this.#trees.ensureContent(id, signal);
    const index = await this.#trees.index(id, signal);
    const { packLayer } = await this.#parts.loadArchive();
    const writer = await this.#parts.blobs.create();
    try {
      const packed = await packLayer({
        index,
        resolveContent: (entry) => {
          const content = this.#trees.contentOf(id, entry);
          if (content === undefined) throw layerNotAvailable(id);
          if (content.kind === "bytes") return content;
          const { path, identity } = content;
          return identity === undefined ? { kind: "file", path } : { kind: "file", path, identity };
        },
        compression: request.compression,
        ...(request.compressionLevel !== undefined && { compressionLevel: request.compressionLevel }),
        ...(request.rewriteTimestampSeconds !== undefined && {
          rewriteTimestampSeconds: request.rewriteTimestampSeconds,
        }),
        // The writer hashes what it writes.
        hashBlob: false,
        sink: (chunk) => writer.write(chunk),
        signal,
        ...(request.onProgress !== undefined && { onProgress: request.onProgress.bind(request) }),
      });
      const { digest, sizeBytes } = await writer.commit();
      const descriptor: Descriptor = { mediaType: mediaTypeOf(request), digest, size: sizeBytes };
      const blob: StoredBlob = { variant, descriptor, diffId: packed.diffId, origins: [] };
      this.#keep(id, index, blob);
      return blob;
    } catch (error) {
      await writer.abort();
      throw error;
    }
  }

  #keep(id: LayerId, index: LayerIndex, blob: StoredBlob): void {
    const { table } = this.#parts;
    const isStored = this.#known.isStored(id);
    // Times that were clamped make a blob no substitute for what is on the host.
    if (isVolatile(id) || (!isStored && !blob.variant.endsWith(":"))) {
      this.#volatile.set(id, [...(this.#volatile.get(id) ?? []), blob]);
      return;
    }
    if (isStored) {
      table.addBlob(id, blob);
      return;
    }
    // The blob is the content from now on.
    table.publish({ id, created: this.#known.created(id), index, sizeBytes: 0 });
    table.addBlob(id, blob);
    this.#known.announce(id);
  }

  #info(id: LayerId, blob: StoredBlob): LayerBlobInfo {
    const { descriptor, diffId, origins } = blob;
    const info = { descriptor, diffId, origins, created: this.#known.created(id) };
    return this.#parts.blobs.has(descriptor.digest)
      ? { ...info, path: this.#parts.blobs.path(descriptor.digest) }
      : info;
  }
}

function mediaTypeOf({ compression }: LayerBlobRequest): string {
  if (compression === "gzip") return MediaTypes.ociLayerGzip;
  return compression === "zstd" ? MediaTypes.ociLayerZstd : MediaTypes.ociLayer;
}
