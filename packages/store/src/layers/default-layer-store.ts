import { createHash, randomBytes } from "node:crypto";
import fs from "node:fs";
import {
  digestHex,
  InvariantError,
  layerCompression,
  MediaTypes,
  WorldError,
  type Descriptor,
  type Digest,
} from "@slipway/oci";
import type { LayerId } from "@slipway/engine-sdk";
import type { PackLayer, UnpackLayer } from "../archive/contracts.ts";
import type {
  BlobStore,
  LayerBlobInfo,
  LayerBlobRequest,
  LayerStore,
  Lookup,
  MergedView,
  RemoteLayer,
} from "../contracts.ts";
import type { DigestService, EntryToHash } from "../context/digest-service.ts";
import { indexDigest } from "../layer-index/codec.ts";
import { joinBytes, type BytePath } from "../layer-index/byte-path.ts";
import type { Entry, FileEntry, LayerIndex } from "../layer-index/entry.ts";
import type { Session } from "../sessions/session.ts";
import { withWorldErrorsAsync, worldErrorOf } from "../syscalls/fs-errors.ts";
import { OnceMap } from "../syscalls/once-map.ts";
import {
  hasOwnContent,
  lendersOf,
  type LayerTable,
  type NewLayer,
  type StoredBlob,
  type StoredLayer,
} from "./layer-table.ts";
import { layerDamaged, layerNotAvailable } from "./layer-errors.ts";
import { materialize, type TreeContent } from "./materialize.ts";
import { ORIGIN, RemoteLayers } from "./remote-layers.ts";

/** Turning layers into blobs and back; loaded when first needed. */
export interface Archive {
  readonly packLayer: PackLayer;
  readonly unpackLayer: UnpackLayer;
}

export interface LayerStoreParts {
  /** Folder of the store, for messages. */
  readonly root: string;
  readonly session: Session;
  readonly table: LayerTable;
  readonly blobs: BlobStore;
  readonly digests: DigestService;
  loadArchive(): Promise<Archive>;
}

interface KnownLayer {
  readonly index: LayerIndex;
  readonly created: string;
}

/** Entries that are kept in memory of layers that can be read again. */
const MOST_CACHED_ENTRIES = 1_000_000;

/** Bytes in latin1 of a path that Node made; ours are ASCII but the user's home need not be. */
function bytesOf(path: string): string {
  return Buffer.from(path, "utf8").toString("latin1");
}

/** LayerStore over the store's folder. */
export class DefaultLayerStore implements LayerStore {
  readonly #parts: LayerStoreParts;
  readonly #remotes: RemoteLayers;
  /** Layers that this process made and that are not in the store for good (yet). */
  readonly #unstored = new Map<LayerId, KnownLayer>();
  /** Trees that are known to be there; what this process has looked up is not pruned before it ends. */
  readonly #trees = new Map<LayerId, string>();
  readonly #volatileBlobs = new Map<LayerId, StoredBlob[]>();
  readonly #indexes = new Map<LayerId, LayerIndex>();
  #cachedEntries = 0;
  readonly #indexing = new OnceMap<LayerId, LayerIndex>();
  readonly #planting = new OnceMap<LayerId, string>();
  readonly #packing = new OnceMap<string, LayerBlobInfo>();
  readonly #listeners: ((id: LayerId) => void)[] = [];

  constructor(parts: LayerStoreParts) {
    this.#parts = parts;
    this.#remotes = new RemoteLayers(parts.table, parts.blobs);
  }

  /** Called whenever a layer has become durable. */
  onDurable(listener: (id: LayerId) => void): void {
    this.#listeners.push(listener);
  }

  addRemote(layer: RemoteLayer): LayerId {
    return this.#remotes.add(layer);
  }

  async addIndex(index: LayerIndex, signal: AbortSignal): Promise<LayerId> {
    const complete = await this.#withDigests(index, signal);
    const id = `i-${digestHex(indexDigest(complete))}` as LayerId;
    const known = this.#unstored.get(id);
    if (known === undefined && this.isDurable(id)) return id;
    // The newest index knows best where the content is: a file of the host may have been touched since.
    const created = known?.created ?? this.#parts.table.get(id)?.created ?? new Date().toISOString();
    this.#unstored.set(id, { index: complete, created });
    if (known !== undefined) return id;
    if (!hasOwnContent(complete) && lendersOf(complete).every((lender) => this.#isStored(lender))) {
      this.#publish({ id, created, index: complete, sizeBytes: sizeOfBytes(complete) });
    }
    return id;
  }

  addVolatile(index: LayerIndex): LayerId {
    const id = `v-${randomBytes(8).toString("hex")}` as LayerId;
    this.#unstored.set(id, { index, created: new Date().toISOString() });
    return id;
  }

  /** Makes the changes below `upperDir` a layer; the folder is moved. */
  addUpper(index: LayerIndex, upperDir: string, sizeBytes: number): LayerId {
    const id = `x-${randomBytes(8).toString("hex")}` as LayerId;
    this.#publish({ id, created: new Date().toISOString(), index, treeDir: upperDir, sizeBytes });
    this.#cacheIndex(id, index);
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
      const created = this.#unstored.get(id)?.created ?? new Date().toISOString();
      // Seen as the root of an overlay.
      fs.chmodSync(folder, 0o755);
      fs.utimesSync(folder, 0, 0);
      this.#publish({ id, created, index, treeDir: folder, sizeBytes });
      this.#unstored.delete(id);
      this.#cacheIndex(id, index);
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
      throw worldErrorOf(error, treeDir);
    }
  }

  /** One layer that is the same as a chain of them; its id follows from theirs. */
  async addMerged(
    layers: readonly LayerId[],
    flatten: () => LayerIndex,
    signal: AbortSignal,
  ): Promise<LayerId> {
    const name = createHash("sha256").update(layers.join("\n")).digest("hex");
    const volatile = layers.some((layer) => !this.#isStored(layer));
    const id = (volatile ? `v-m${name}` : `m-${name}`) as LayerId;
    if (this.#unstored.has(id) || this.#parts.table.get(id) !== undefined) return id;
    this.#unstored.set(id, { index: flatten(), created: new Date().toISOString() });
    await this.tree(id, signal);
    return id;
  }

  index(id: LayerId, signal: AbortSignal): Promise<LayerIndex> {
    const known = this.#unstored.get(id)?.index ?? this.#indexes.get(id);
    if (known !== undefined) return Promise.resolve(known);
    return this.#indexing.run(id, signal, async () => {
      const stored = this.#parts.table.get(id);
      if (stored !== undefined) {
        const index = this.#parts.table.readIndex(id);
        if (index !== undefined) {
          this.#cacheIndex(id, index);
          return index;
        }
        this.#parts.table.forget(id);
        if (!this.#remotes.has(id)) throw layerDamaged(id);
      }
      await this.tree(id, signal);
      return this.#indexes.get(id) ?? this.#notThere(id);
    });
  }

  tree(id: LayerId, signal: AbortSignal): Promise<string> {
    const known = this.#trees.get(id);
    if (known !== undefined) return Promise.resolve(known);
    return this.#planting.run(id, signal, () =>
      withWorldErrorsAsync(this.#parts.root, async () => {
        const stored = this.#intact(id);
        const tree = stored?.tree ?? (await this.#plant(id, stored, signal));
        this.#trees.set(id, tree);
        return tree;
      }),
    );
  }

  blob(id: LayerId, request: LayerBlobRequest): Promise<LayerBlobInfo> {
    const { compression, compressionLevel = "", force, rewriteTimestampSeconds = "" } = request;
    const key = [id, compression, compressionLevel, force, rewriteTimestampSeconds].join(" ");
    return this.#packing.run(key, request.signal, () =>
      withWorldErrorsAsync(this.#parts.root, () => this.#blob(id, request)),
    );
  }

  fetchBlob(id: LayerId, digest: Digest, signal: AbortSignal): Promise<string> {
    return this.#remotes.fetchBlob(id, digest, signal);
  }

  isDurable(id: LayerId): boolean {
    if (this.#remotes.has(id)) return true;
    const stored = this.isVolatile(id) ? undefined : this.#intact(id);
    if (stored === undefined) return false;
    return !stored.ownContent || stored.tree !== undefined || this.#faithfulBlob(id) !== undefined;
  }

  isVolatile(id: LayerId): boolean {
    return id.startsWith("v-");
  }

  forgetHost(): void {
    for (const id of this.#unstored.keys()) {
      if (this.isVolatile(id) || !this.isDurable(id)) continue;
      this.#unstored.delete(id);
      this.#dropIndex(id);
    }
  }

  created(id: LayerId): string {
    const created =
      this.#remotes.created(id) ?? this.#unstored.get(id)?.created ?? this.#parts.table.get(id)?.created;
    if (created !== undefined) return created;
    // An image need not say it; then its layers are as old as time itself, as in an image without a date.
    if (this.#remotes.has(id)) return new Date(0).toISOString();
    return this.#notThere(id);
  }

  /** Persists what is known of pulled layers that a recorded result needs. */
  rememberRemote(id: LayerId): void {
    this.#remotes.remember(id);
  }

  /**
   * Sees to it that the files of the layer can be opened: makes the tree of a layer that is there as a blob only, and
   * those of the layers that lend it content.
   */
  async ensureContent(id: LayerId, signal: AbortSignal): Promise<void> {
    const index = await this.index(id, signal);
    if (index.entries.some((entry) => entry.kind === "file" && entry.content.kind === "tree"))
      await this.tree(id, signal);
    for (const lender of lendersOf(index)) await this.tree(lender, signal);
  }

  /** Where the content of a file of a layer is; undefined when `ensureContent` must make it first. Paths are bytes. */
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

  /** Digests of the content of file entries, in their order. */
  digests(items: readonly EntryToHash[], signal: AbortSignal): Promise<Digest[]> {
    return this.#parts.digests.digests(items, (item) => this.#contentPath(item, signal), signal);
  }

  /** Writes what was learned about layers' contents. */
  saveDigests(): void {
    const { digests, table } = this.#parts;
    for (const id of digests.learnedLayers()) {
      const index = this.#indexes.get(id);
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

  #isStored(id: LayerId): boolean {
    const stored = this.isVolatile(id) ? undefined : this.#parts.table.get(id);
    return stored !== undefined;
  }

  #publish(layer: NewLayer): StoredLayer {
    const stored = this.#parts.table.publish(layer);
    const unstored = this.#unstored.get(layer.id);
    if (unstored !== undefined && stored.tree === undefined) this.#cacheIndex(layer.id, unstored.index);
    for (const listener of this.#listeners) listener(layer.id);
    return stored;
  }

  #cacheIndex(id: LayerId, index: LayerIndex): void {
    this.#dropIndex(id);
    this.#indexes.set(id, index);
    this.#cachedEntries += index.entries.length;
    for (const oldest of this.#indexes.keys()) {
      if (this.#cachedEntries <= MOST_CACHED_ENTRIES || oldest === id) break;
      this.#dropIndex(oldest);
    }
  }

  #dropIndex(id: LayerId): void {
    this.#cachedEntries -= this.#indexes.get(id)?.entries.length ?? 0;
    this.#indexes.delete(id);
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

  /** The stored layer, unless somebody has deleted its tree by hand: such a one is forgotten. */
  #intact(id: LayerId): StoredLayer | undefined {
    const stored = this.#parts.table.get(id);
    if (stored?.tree === undefined || this.#trees.has(id) || fs.existsSync(stored.tree)) return stored;
    this.#parts.table.forget(id);
    return undefined;
  }

  #knownTree(id: LayerId): string | undefined {
    const known = this.#trees.get(id);
    if (known !== undefined || this.isVolatile(id)) return known;
    const tree = this.#parts.table.get(id)?.tree;
    if (tree !== undefined) this.#trees.set(id, tree);
    return tree;
  }

  /** Makes the tree of a layer that has none. */
  async #plant(id: LayerId, stored: StoredLayer | undefined, signal: AbortSignal): Promise<string> {
    const blob = this.#faithfulBlob(id);
    if (this.#remotes.has(id) && !this.#unstored.has(id))
      return this.#unpack(id, this.#remotes.blobOf(id)!, signal);
    const index =
      this.#unstored.get(id)?.index ?? this.#indexes.get(id) ?? (stored && this.#parts.table.readIndex(id));
    if (index === undefined) {
      if (blob !== undefined) return this.#unpack(id, blob, signal);
      throw stored === undefined ? this.#notThere(id) : layerDamaged(id);
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
        contentOf: (entry) => this.contentOf(id, entry) ?? this.#notThere(id),
        signal,
        allowHardlinks: true,
      });
      if (this.isVolatile(id)) {
        return treeDir;
      }
      const tree = this.#publish({ id, created: this.created(id), index, treeDir, sizeBytes }).tree;
      // From now on the tree is the content, whatever becomes of the files on the host.
      if (this.#unstored.delete(id)) this.#dropIndex(id);
      return tree!;
    } catch (error) {
      this.#parts.session.trash(treeDir);
      throw worldErrorOf(error, treeDir);
    }
  }

  async #unpack(id: LayerId, blob: StoredBlob, signal: AbortSignal): Promise<string> {
    const source = await this.fetchBlob(id, blob.descriptor.digest, signal);
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
      const created = this.created(id);
      const sizeBytes = sizeOfFiles(index);
      const stored = this.#publish({ id, created, index, treeDir, sizeBytes, diffId: blob.diffId });
      if (id.startsWith("d-")) this.rememberRemote(id);
      this.#unstored.delete(id);
      this.#cacheIndex(id, index);
      return stored.tree!;
    } catch (error) {
      this.#parts.session.trash(treeDir);
      throw worldErrorOf(error, treeDir);
    }
  }

  /** A blob that is here and from which the layer can be made again exactly, times included. */
  #faithfulBlob(id: LayerId): StoredBlob | undefined {
    return this.#parts.table.blobs(id).find(({ variant, descriptor }) => {
      return (variant === ORIGIN || variant.endsWith(":")) && this.#parts.blobs.has(descriptor.digest);
    });
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
    const there = this.#findBlob(id, { variant, rewrite, force: request.force });
    return this.#info(
      id,
      there ?? (await this.#pack(id, { ...request, rewriteTimestampSeconds: rewrite }, variant)),
    );
  }

  #findBlob(
    id: LayerId,
    wanted: { readonly variant: string; readonly rewrite: number | undefined; readonly force: boolean },
  ): StoredBlob | undefined {
    const here = [...(this.#volatileBlobs.get(id) ?? []), ...this.#parts.table.blobs(id)].filter(
      (blob) => blob.variant !== ORIGIN && this.#parts.blobs.has(blob.descriptor.digest),
    );
    const exact = here.find((blob) => blob.variant === wanted.variant);
    if (exact !== undefined || wanted.force) return exact;
    return here.find((blob) => blob.variant.endsWith(`:${wanted.rewrite ?? ""}`));
  }

  async #pack(id: LayerId, request: LayerBlobRequest, variant: string): Promise<StoredBlob> {
    const { signal } = request;
    await this.ensureContent(id, signal);
    const index = await this.index(id, signal);
    const { packLayer } = await this.#parts.loadArchive();
    const writer = await this.#parts.blobs.create();
    try {
      const packed = await packLayer({
        index,
        resolveContent: (entry) => {
          const content = this.contentOf(id, entry) ?? this.#notThere(id);
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
      this.#keepBlob(id, { index, blob });
      return blob;
    } catch (error) {
      await writer.abort();
      throw error;
    }
  }

  #keepBlob(id: LayerId, { index, blob }: { readonly index: LayerIndex; readonly blob: StoredBlob }): void {
    const { table } = this.#parts;
    if (this.isVolatile(id)) {
      this.#volatileBlobs.set(id, [...(this.#volatileBlobs.get(id) ?? []), blob]);
      return;
    }
    if (table.get(id) !== undefined) {
      table.addBlob(id, blob);
      return;
    }
    // The blob is the content from now on; times that were clamped make it no substitute for what is on the host.
    if (!blob.variant.endsWith(":")) {
      this.#volatileBlobs.set(id, [...(this.#volatileBlobs.get(id) ?? []), blob]);
      return;
    }
    table.publish({ id, created: this.created(id), index, sizeBytes: 0 });
    table.addBlob(id, blob);
    for (const listener of this.#listeners) listener(id);
  }

  #info(id: LayerId, blob: StoredBlob): LayerBlobInfo {
    const { descriptor, diffId, origins } = blob;
    const info = { descriptor, diffId, origins, created: this.created(id) };
    return this.#parts.blobs.has(descriptor.digest)
      ? { ...info, path: this.#parts.blobs.path(descriptor.digest) }
      : info;
  }

  #notThere(id: LayerId): never {
    throw layerNotAvailable(id);
  }
}

function mediaTypeOf({ compression }: LayerBlobRequest): string {
  if (compression === "gzip") return MediaTypes.ociLayerGzip;
  return compression === "zstd" ? MediaTypes.ociLayerZstd : MediaTypes.ociLayer;
}

function sizeOfFiles(index: LayerIndex): number {
  return index.entries.reduce((sum, entry) => sum + (entry.kind === "file" ? entry.sizeBytes : 0), 0);
}

function sizeOfBytes(index: LayerIndex): number {
  let sum = 0;
  for (const entry of index.entries) {
    if (entry.kind === "file" && entry.content.kind === "bytes") sum += entry.sizeBytes;
  }
  return sum;
}
