import { digestHex, sha256, type Digest } from "@slipway/oci";
import type { LayerId } from "@slipway/engine-sdk";
import type { BlobStore, RemoteLayer } from "../contracts.ts";
import { OnceMap } from "../syscalls/once-map.ts";
import { blobNotAvailable, blobSizeMismatch } from "./layer-errors.ts";
import type { LayerTable, StoredBlob } from "./layer-table.ts";

/** The variant of a blob that a layer was pulled as. */
export const ORIGIN = "origin";

/** Layers that registries have, as far as this process was told: what is known of them, and their blobs. */
export class RemoteLayers {
  readonly #table: LayerTable;
  readonly #blobs: BlobStore;
  readonly #known = new Map<LayerId, RemoteLayer[]>();
  readonly #fetching = new OnceMap<Digest, string>();

  constructor(table: LayerTable, blobs: BlobStore) {
    this.#table = table;
    this.#blobs = blobs;
  }

  /** The same layer may be known from several registries. */
  add(layer: RemoteLayer): LayerId {
    const id = idOf(layer);
    const known = this.#known.get(id);
    if (known === undefined) this.#known.set(id, [layer]);
    else if (!known.some(({ origin }) => origin === layer.origin)) known.push(layer);
    return id;
  }

  has(id: LayerId): boolean {
    return this.#known.has(id);
  }

  /** RFC 3339; undefined when no image says it. */
  created(id: LayerId): string | undefined {
    return this.#known.get(id)?.find((layer) => layer.created !== undefined)?.created;
  }

  /** The blob that a pulled layer came as, or will. */
  blobOf(id: LayerId): StoredBlob | undefined {
    const [remote, ...others] = this.#known.get(id) ?? [];
    if (remote === undefined) return this.#table.blobs(id).find((blob) => blob.variant === ORIGIN);
    return {
      variant: ORIGIN,
      descriptor: remote.descriptor,
      diffId: remote.diffId,
      origins: [remote, ...others].map(({ origin }) => origin),
    };
  }

  /** Persists what is known of a layer that a recorded result needs. */
  remember(id: LayerId): void {
    if (!this.#known.has(id) || this.#table.blobs(id).some((blob) => blob.variant === ORIGIN)) return;
    this.#table.addBlob(id, this.blobOf(id)!);
  }

  /**
   * Path of a blob of a layer, which is fetched, and checked, when the store does not have it.
   * @throws WorldError `LAYER_NOT_AVAILABLE`, and what the last registry that was asked threw
   */
  async fetchBlob(id: LayerId, digest: Digest, signal: AbortSignal): Promise<string> {
    if (this.#blobs.has(digest)) return this.#blobs.path(digest);
    const remotes = (this.#known.get(id) ?? []).filter((remote) => remote.descriptor.digest === digest);
    if (remotes.length === 0) throw blobNotAvailable(id, digest);
    return this.#fetching.run(digest, signal, async () => {
      let failure: unknown;
      for (const remote of remotes) {
        try {
          return await this.#fetch(remote, signal);
        } catch (error) {
          signal.throwIfAborted();
          failure = error;
        }
      }
      throw failure;
    });
  }

  async #fetch(remote: RemoteLayer, signal: AbortSignal): Promise<string> {
    const { descriptor } = remote;
    const writer = await this.#blobs.create();
    try {
      let received = 0;
      for await (const chunk of remote.fetch(signal)) {
        received += chunk.length;
        if (received > descriptor.size) throw blobSizeMismatch(descriptor);
        await writer.write(chunk);
      }
      if (received !== descriptor.size) throw blobSizeMismatch(descriptor);
      await writer.commit(descriptor.digest);
      return this.#blobs.path(descriptor.digest);
    } catch (error) {
      await writer.abort();
      throw error;
    }
  }
}

/**
 * Named for all that its image says of it. Nobody has compared the diff ID with the blob as long as the layer is not
 * unpacked: named for the diff ID alone, what an image lies would become another's layer.
 */
function idOf({ diffId, descriptor }: RemoteLayer): LayerId {
  const { digest, size, mediaType, annotations = {} } = descriptor;
  const said = JSON.stringify([diffId, digest, size, mediaType, Object.entries(annotations).sort()]);
  return `d-${digestHex(sha256(said))}` as LayerId;
}
