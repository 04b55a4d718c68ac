import fs from "node:fs";
import { InvariantError, layerCompression, WorldError } from "@slipway/oci";
import type { LayerId } from "@slipway/engine-sdk";
import { joinBytes } from "../layer-index/byte-path.ts";
import type { FileEntry, LayerIndex } from "../layer-index/entry.ts";
import { withWorldErrorsAsync, worldErrorOf } from "../syscalls/fs-errors.ts";
import { OnceMap } from "../syscalls/once-map.ts";
import { isVolatile, type KnownLayers } from "./known-layers.ts";
import { layerDamaged, layerNotAvailable } from "./layer-errors.ts";
import type { LayerStoreParts } from "./layer-parts.ts";
import { sizeOfFiles } from "./layer-size.ts";
import { lendersOf, type StoredBlob, type StoredLayer } from "./layer-table.ts";
import { materialize, type TreeContent } from "./materialize.ts";
import { ORIGIN, type RemoteLayers } from "./remote-layers.ts";

/** Bytes in latin1 of a path that Node made; ours are ASCII but the user's home need not be. */
export function bytesOf(path: string): string {
  return Buffer.from(path, "utf8").toString("latin1");
}

/** Indexes and trees of layers, made from what is there when they are asked for. */
export class LayerTrees {
  readonly #parts: LayerStoreParts;
  readonly #known: KnownLayers;
  readonly #remotes: RemoteLayers;
  /** Trees that are known to be there; what this process has looked up is not pruned before it ends. */
  readonly #trees = new Map<LayerId, string>();
  readonly #indexing = new OnceMap<LayerId, LayerIndex>();
  readonly #planting = new OnceMap<LayerId, string>();

  constructor(parts: LayerStoreParts, known: KnownLayers, remotes: RemoteLayers) {
    this.#parts = parts;
    this.#known = known;
    this.#remotes = remotes;
  }

  /** @see LayerStore.index */
  index(id: LayerId, signal: AbortSignal): Promise<LayerIndex> {
    const known = this.#known.index(id);
    if (known !== undefined) return Promise.resolve(known);
    return this.#indexing.run(id, signal, async () => {
      const { table } = this.#parts;
      if (table.get(id) !== undefined) {
        const index = table.readIndex(id);
        if (index !== undefined) {
          this.#known.cacheIndex(id, index);
          return index;
        }
        table.forget(id);
        if (!this.#remotes.has(id)) throw layerDamaged(id);
      }
      await this.tree(id, signal);
      const index = this.#known.cachedIndex(id);
      if (index === undefined) throw layerNotAvailable(id);
      return index;
    });
  }

  /** @see LayerStore.tree */
  tree(id: LayerId, signal: AbortSignal): Promise<string> {
    const known = this.#trees.get(id);
    if (known !== undefined) return Promise.resolve(known);
    return this.#planting.run(id, signal, () =>
      withWorldErrorsAsync(this.#parts.root, async () => {
        const stored = this.intact(id);
        const tree = stored?.tree ?? (await this.#plant(id, stored, signal));
        this.#trees.set(id, tree);
        return tree;
      }),
    );
  }

  /** The stored layer, unless somebody has deleted its tree by hand: such a one is forgotten. */
  intact(id: LayerId): StoredLayer | undefined {
    const stored = this.#parts.table.get(id);
    if (stored?.tree === undefined || this.#trees.has(id) || fs.existsSync(stored.tree)) return stored;
    this.#parts.table.forget(id);
    return undefined;
  }

  /** A blob that is here and from which the layer can be made again exactly, times included. */
  faithfulBlob(id: LayerId): StoredBlob | undefined {
    return this.#parts.table.blobs(id).find(({ variant, descriptor }) => {
      return (variant === ORIGIN || variant.endsWith(":")) && this.#parts.blobs.has(descriptor.digest);
    });
  }

  /** @see LayerStore.ensureContent */
  async ensureContent(id: LayerId, signal: AbortSignal): Promise<void> {
    const index = await this.index(id, signal);
    if (index.entries.some((entry) => entry.kind === "file" && entry.content.kind === "tree"))
      await this.tree(id, signal);
    for (const lender of lendersOf(index)) await this.tree(lender, signal);
  }

  /** @see LayerStore.contentOf */
  contentOf(id: LayerId, entry: FileEntry): TreeContent | undefined {
    const { content } = entry;
    switch (content.kind) {
      case "bytes":
        return content;
      case "host":
        return { kind: "file", path: content.path, identity: content.identity, immutable: false };
      case "tree":
      case "layer": {
        const [layer, path] = content.kind === "tree" ? [id, entry.path] : [content.layer, content.path];
        const tree = this.#knownTree(layer);
        return tree === undefined
          ? undefined
          : { kind: "file", path: joinBytes(bytesOf(tree), path), immutable: true };
      }
      default:
        throw new InvariantError("content of no known kind");
    }
  }

  #knownTree(id: LayerId): string | undefined {
    const known = this.#trees.get(id);
    if (known !== undefined || isVolatile(id)) return known;
    const tree = this.#parts.table.get(id)?.tree;
    if (tree !== undefined) this.#trees.set(id, tree);
    return tree;
  }

  /** Makes the tree of a layer that has none. */
  async #plant(id: LayerId, stored: StoredLayer | undefined, signal: AbortSignal): Promise<string> {
    const blob = this.faithfulBlob(id);
    if (this.#remotes.has(id) && this.#known.unstored(id) === undefined)
      return this.#unpack(id, this.#remotes.blobOf(id)!, signal);
    const index = this.#known.index(id) ?? (stored && this.#parts.table.readIndex(id));
    if (index === undefined) {
      if (blob !== undefined) return this.#unpack(id, blob, signal);
      throw stored === undefined ? layerNotAvailable(id) : layerDamaged(id);
    }
    const homeless = index.entries.some((entry) => entry.kind === "file" && entry.content.kind === "tree");
    if (homeless) {
      if (blob === undefined) throw layerDamaged(id);
      return this.#unpack(id, blob, signal);
    }
    return this.#materialize(id, index, signal);
  }

  async #materialize(id: LayerId, index: LayerIndex, signal: AbortSignal): Promise<string> {
    for (const lender of lendersOf(index)) await this.tree(lender, signal);
    const treeDir = this.#parts.session.temporaryFolder();
    try {
      const sizeBytes = await materialize(index, bytesOf(treeDir), {
        contentOf: (entry) => {
          const content = this.contentOf(id, entry);
          if (content === undefined) throw layerNotAvailable(id);
          return content;
        },
        signal,
        allowHardlinks: true,
      });
      if (isVolatile(id)) return treeDir;
      const created = this.#known.created(id);
      const { tree } = this.#known.publish({ id, created, index, treeDir, sizeBytes });
      // From now on the tree is the content, whatever becomes of the files on the host.
      if (this.#known.removeUnstored(id)) this.#known.dropIndex(id);
      return tree!;
    } catch (error) {
      this.#parts.session.trash(treeDir);
      throw worldErrorOf(error, treeDir);
    }
  }

  async #unpack(id: LayerId, blob: StoredBlob, signal: AbortSignal): Promise<string> {
    const source = await this.#remotes.fetchBlob(id, blob.descriptor.digest, signal);
    const compression = layerCompression(blob.descriptor.mediaType);
    if (compression === undefined) {
      throw new WorldError(
        "LAYER_UNSUPPORTED",
        `a layer of the type ${blob.descriptor.mediaType} can't be unpacked`,
        {
          hint: "Use an image whose layers are tar, tar+gzip or tar+zstd.",
          data: { mediaType: blob.descriptor.mediaType },
        },
      );
    }
    const { unpackLayer } = await this.#parts.loadArchive();
    const treeDir = this.#parts.session.temporaryFolder();
    try {
      const { index } = await unpackLayer({
        source: { path: source },
        compression,
        expectedDiffId: blob.diffId,
        treeDir,
        signal,
      });
      const created = this.#known.created(id);
      const sizeBytes = sizeOfFiles(index);
      const { diffId } = blob;
      const stored = this.#known.publish({ id, created, index, treeDir, sizeBytes, diffId });
      if (id.startsWith("d-")) this.#remotes.remember(id);
      this.#known.removeUnstored(id);
      this.#known.cacheIndex(id, index);
      return stored.tree!;
    } catch (error) {
      this.#parts.session.trash(treeDir);
      const { inArchive } = await import("../archive/archive-error.ts");
      throw inArchive(worldErrorOf(error, treeDir), `layer ${blob.descriptor.digest}`);
    }
  }
}
