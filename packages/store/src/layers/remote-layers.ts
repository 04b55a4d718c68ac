import { digestHex, type Digest } from "@slipway/oci";
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

  /** The same layer may be known from several registries, and in several compressions. */
  add(layer: RemoteLayer): LayerId {
    const id = `d-${digestHex(layer.diffId)}` as LayerId;
    const known = this.#known.get(id);
    if (known === undefined) this.#known.set(id, [layer]);
    else if (
      !known.some(
        (other) => other.origin === layer.origin && other.descriptor.digest === layer.descriptor.digest,
      )
    ) {
      known.push(layer);
    }
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
    const remotes = this.#known.get(id);
    if (remotes === undefined) return this.#table.blobs(id).find((blob) => blob.variant === ORIGIN);
    // What is here already goes first, so that one layer under two names is fetched once.
    const remote = remotes.find(({ descriptor }) => this.#blobs.has(descriptor.digest)) ?? remotes[0]!;
    const same = remotes.filter((other) => other.descriptor.digest === remote.descriptor.digest);
    return {
      variant: ORIGIN,
      descriptor: remote.descriptor,
      diffId: remote.diffId,
      origins: [...new Set(same.map((other) => other.origin))],
    };
  }

  /** Persists what is known of a layer that a recorded result needs. */
  remember(id: LayerId): void {
    const [remote, ...others] = this.#known.get(id) ?? [];
    if (remote === undefined || this.#table.blobs(id).some((blob) => blob.variant === ORIGIN)) return;
    this.#table.addBlob(id, {
      variant: ORIGIN,
      descriptor: remote.descriptor,
      diffId: remote.diffId,
      origins: [remote, ...others].map(({ origin }) => origin),
    });
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
