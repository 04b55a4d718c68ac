import fs from "node:fs";
import { digestHex, InvariantError, randomName, sha256, type Digest } from "@slipway/oci";
import type { LayerId } from "@slipway/engine-sdk";
import type {
  LayerBlobInfo,
  LayerBlobRequest,
  LayerStore,
  Lookup,
  MergedView,
  RemoteLayer,
} from "../contracts.ts";
import type { EntryToHash } from "../context/digest-service.ts";
import { textOfBytes, type BytePath } from "../layer-index/byte-path.ts";
import { indexDigest } from "../layer-index/codec.ts";
import type { Entry, FileEntry, LayerIndex } from "../layer-index/entry.ts";
import { worldErrorOf } from "../syscalls/fs-errors.ts";
import { isVolatile, KnownLayers } from "./known-layers.ts";
import { LayerBlobs } from "./layer-blobs.ts";
import type { LayerStoreParts } from "./layer-parts.ts";
import { sizeOfBytes, sizeOfFiles } from "./layer-size.ts";
import { hasOwnContent, lendersOf } from "./layer-table.ts";
import { bytesOf, LayerTrees } from "./layer-trees.ts";
import type { TreeContent } from "./materialize.ts";
import { RemoteLayers } from "./remote-layers.ts";

/** LayerStore over the store's folder. */
export class DefaultLayerStore implements LayerStore {
  readonly #parts: LayerStoreParts;
  readonly #remotes: RemoteLayers;
  readonly #known: KnownLayers;
  readonly #trees: LayerTrees;
  readonly #blobs: LayerBlobs;
  #forgotten = 0;

  constructor(parts: LayerStoreParts) {
    this.#parts = parts;
    this.#remotes = new RemoteLayers(parts.table, parts.blobs);
    this.#known = new KnownLayers(parts.table, this.#remotes);
    this.#trees = new LayerTrees(parts, this.#known, this.#remotes);
    this.#blobs = new LayerBlobs(parts, { known: this.#known, trees: this.#trees, remotes: this.#remotes });
  }

  /** Called whenever a layer has become durable. */
  onDurable(listener: (id: LayerId) => void): void {
    this.#known.onDurable(listener);
  }

  /** Changes when layers' contents have found another home: indexes that were asked for before are to be asked for again. */
  get homes(): number {
    return this.#known.homes;
  }

  /** Changes when layers that were durable may be so no more: some were found damaged, or a build has ended. */
  get losses(): number {
    return this.#parts.table.losses + this.#forgotten;
  }

  addRemote(layer: RemoteLayer): LayerId {
    return this.#remotes.add(layer);
  }

  async addIndex(index: LayerIndex, signal: AbortSignal): Promise<LayerId> {
    const complete = await this.#withDigests(index, signal);
    const id = `i-${digestHex(indexDigest(complete))}` as LayerId;
    const known = this.#known.unstored(id);
    if (known === undefined && this.isDurable(id)) return id;
    // The newest index knows best where the content is: a file of the host may have been touched since.
    const created = known?.created ?? this.#parts.table.get(id)?.created ?? new Date().toISOString();
    this.#known.addUnstored(id, { index: complete, created });
    if (known !== undefined) return id;
    if (!hasOwnContent(complete) && lendersOf(complete).every((lender) => this.#known.isStored(lender))) {
      this.#known.publish({ id, created, index: complete, sizeBytes: sizeOfBytes(complete) });
    }
    return id;
  }

  addVolatile(index: LayerIndex): LayerId {
    const id = `v-${randomName(16)}` as LayerId;
    this.#known.addUnstored(id, { index, created: new Date().toISOString() });
    return id;
  }

  /** Makes the changes below `upperDir` a layer; the folder is moved. */
  addUpper(index: LayerIndex, upperDir: string, sizeBytes: number): LayerId {
    const id = `x-${randomName(16)}` as LayerId;
    this.#known.publish({ id, created: new Date().toISOString(), index, treeDir: upperDir, sizeBytes });
    this.#known.cacheIndex(id, index);
    return id;
  }

  async addFolder(
    folder: string,
    options: { readonly signal: AbortSignal; readonly digests?: ReadonlyMap<BytePath, Digest> },
  ): Promise<LayerId> {
    const { signal, digests = new Map<BytePath, Digest>() } = options;
    const { scanTree } = await import("./scan-tree.ts");
    try {
      const { index, sizeBytes, name } = await scanTree(bytesOf(folder), { digests, signal });
      const id = `i-${name}` as LayerId;
      if (this.isDurable(id)) {
        this.#parts.session.trash(folder);
        return id;
      }
      const created = this.#known.unstored(id)?.created ?? new Date().toISOString();
      // Seen as the root of an overlay.
      fs.chmodSync(folder, 0o755);
      fs.utimesSync(folder, 0, 0);
      this.#known.publish({ id, created, index, treeDir: folder, sizeBytes });
      this.#known.removeUnstored(id);
      this.#known.cacheIndex(id, index);
      return id;
    } catch (error) {
      this.#parts.session.trash(folder);
      throw worldErrorOf(error, folder);
    }
  }

  async unpackArchive(file: Lookup, view: MergedView, signal: AbortSignal): Promise<LayerId | null> {
    const entry = file.linked ?? file.entry;
    if (entry.kind !== "file") return null;
    await view.ensureContent(file, signal);
    const content = this.contentOf(file.layer, entry);
    // Files that a build writes itself are text; an archive comes from somewhere.
    if (content?.kind !== "file") return null;
    const { unpackArchive } = await import("../archive/unpack-archive.ts");
    const treeDir = this.#parts.session.temporaryFolder();
    try {
      const { path, identity } = content;
      const index = await unpackArchive({ path, treeDir, signal, ...(identity && { identity }) });
      if (index === null) {
        this.#parts.session.trash(treeDir);
        return null;
      }
      return this.addUpper(index, treeDir, sizeOfFiles(index));
    } catch (error) {
      this.#parts.session.trash(treeDir);
      const { inArchive } = await import("../archive/archive-error.ts");
      throw inArchive(worldErrorOf(error, treeDir), textOfBytes(file.entry.path));
    }
  }

  /** One layer that is the same as a chain of them; its id follows from theirs. */
  async addMerged(
    layers: readonly LayerId[],
    flatten: () => LayerIndex,
    signal: AbortSignal,
  ): Promise<LayerId> {
    const name = digestHex(sha256(layers.join("\n")));
    const volatile = layers.some((layer) => !this.#known.isStored(layer));
    const id = (volatile ? `v-m${name}` : `m-${name}`) as LayerId;
    if (this.#known.unstored(id) !== undefined || this.#parts.table.get(id) !== undefined) return id;
    this.#known.addUnstored(id, { index: flatten(), created: new Date().toISOString() });
    await this.tree(id, signal);
    return id;
  }

  index(id: LayerId, signal: AbortSignal): Promise<LayerIndex> {
    return this.#trees.index(id, signal);
  }

  tree(id: LayerId, signal: AbortSignal): Promise<string> {
    return this.#trees.tree(id, signal);
  }

  blob(id: LayerId, request: LayerBlobRequest): Promise<LayerBlobInfo> {
    return this.#blobs.blob(id, request);
  }

  fetchBlob(id: LayerId, digest: Digest, signal: AbortSignal): Promise<string> {
    return this.#remotes.fetchBlob(id, digest, signal);
  }

  isDurable(id: LayerId): boolean {
    if (this.#remotes.has(id)) return true;
    const stored = isVolatile(id) ? undefined : this.#trees.intact(id);
    if (stored === undefined) return false;
    return !stored.ownContent || stored.tree !== undefined || this.#trees.faithfulBlob(id) !== undefined;
  }

  isVolatile(id: LayerId): boolean {
    return isVolatile(id);
  }

  forgetHost(): void {
    this.#forgotten++;
    for (const id of this.#known.unstoredIds()) {
      if (isVolatile(id) || !this.isDurable(id)) continue;
      this.#known.removeUnstored(id);
      this.#known.dropIndex(id);
    }
  }

  created(id: LayerId): string {
    return this.#known.created(id);
  }

  /** Persists what is known of pulled layers that a recorded result needs. */
  rememberRemote(id: LayerId): void {
    this.#remotes.remember(id);
  }

  /**
   * Sees to it that the files of the layer can be opened: makes the tree of a layer that is there as a blob only, and
   * those of the layers that lend it content.
   */
  ensureContent(id: LayerId, signal: AbortSignal): Promise<void> {
    return this.#trees.ensureContent(id, signal);
  }

  /** Where the content of a file of a layer is; undefined when `ensureContent` must make it first. Paths are bytes. */
  contentOf(id: LayerId, entry: FileEntry): TreeContent | undefined {
    return this.#trees.contentOf(id, entry);
  }

  /** Digests of the content of file entries, in their order. */
  digests(items: readonly EntryToHash[], signal: AbortSignal): Promise<Digest[]> {
    return this.#parts.digests.digests(items, (item) => this.#contentPath(item, signal), signal);
  }

  /** Writes what was learned about layers' contents. */
  saveDigests(): void {
    const { digests, table } = this.#parts;
    for (const id of digests.learnedLayers()) {
      const index = this.#known.cachedIndex(id);
      if (index !== undefined && table.get(id) !== undefined)
        table.rewriteIndex(id, index, digests.learned(id)!);
    }
  }

  async #contentPath({ entry, layer }: EntryToHash, signal: AbortSignal): Promise<string> {
    if (this.contentOf(layer, entry) === undefined) await this.tree(layer, signal);
    const content = this.contentOf(layer, entry);
    if (content?.kind !== "file") throw new InvariantError(`"${entry.path}" of ${layer} has no content`);
    return content.path;
  }

  async #withDigests(index: LayerIndex, signal: AbortSignal): Promise<LayerIndex> {
    const items: EntryToHash[] = [];
    const places: number[] = [];
    for (const [i, entry] of index.entries.entries()) {
      if (entry.kind !== "file") continue;
      if (entry.content.kind === "tree")
        throw new InvariantError(`"${entry.path}" of a new index has no content`);
      if (entry.digest !== undefined) continue;
      items.push({ entry, layer: "" as LayerId });
      places.push(i);
    }
    if (items.length === 0) return index;
    const digests = await this.digests(items, signal);
    const entries: Entry[] = [...index.entries];
    for (const [n, i] of places.entries()) entries[i] = { ...(entries[i] as FileEntry), digest: digests[n]! };
    return { entries };
  }
}
