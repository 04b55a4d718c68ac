import type { PruneOptions, Store, UsageRecord } from "./contracts.ts";
import { FileBlobStore } from "./blobs/blob-store.ts";
import { SqliteCacheIndex } from "./cache/sqlite-cache-index.ts";
import { FolderCacheMounts } from "./cache-mounts/folder-cache-mounts.ts";
import { DigestService } from "./context/digest-service.ts";
import { scanFolder, type ScanFolderOptions } from "./context/scan-folder.ts";
import { Database } from "./database/database.ts";
import type { LayerIndex } from "./layer-index/entry.ts";
import { DefaultLayerStore } from "./layers/default-layer-store.ts";
import type { Archive } from "./layers/layer-parts.ts";
import { LayerTable } from "./layers/layer-table.ts";
import { prune, recordOf } from "./maintenance/prune.ts";
import { syncLayers } from "./maintenance/sync-layers.ts";
import { listItems } from "./maintenance/usage.ts";
import { DefaultRootStore } from "./roots/default-root-store.ts";
import { SqliteMemory } from "./memory/sqlite-memory.ts";
import { StoreLayout } from "./sessions/layout.ts";
import { clearDeadSessions, emptyTrashSoon, leasedNames, Session } from "./sessions/session.ts";
import { isDiskFull, withWorldErrors } from "./syscalls/fs-errors.ts";

export interface OpenStoreOptions {
  /** Folder of the store; made when it is not there. See `defaultStoreRoot`. */
  readonly root: string;
  /** Told about what went wrong and was got over, for example a damaged cache index. Default: nobody. */
  readonly warn?: (message: string) => void;
}

/**
 * Opens a store; any number of processes may have the same one open. Takes a few milliseconds. The caller closes it.
 * @throws WorldError `STORE_NOT_WRITABLE`, `DISK_FULL`
 */
export function openStore(options: OpenStoreOptions): Promise<Store> {
  // In an async function an error of the constructor is a rejection, as callers expect.
  return Promise.resolve().then(() =>
    withWorldErrors(options.root, () => {
      try {
        return new FolderStore(options);
      } catch (error) {
        // On a full disk the reserve makes room enough to open the store, and so to prune it.
        if (!isDiskFull(error) || !new StoreLayout(options.root).giveUpReserve()) throw error;
        return new FolderStore(options);
      }
    }),
  );
}

async function loadArchive(): Promise<Archive> {
  const [{ packLayer }, { unpackLayer }] = await Promise.all([
    import("./archive/pack-layer.ts"),
    import("./archive/unpack-layer.ts"),
  ]);
  return { packLayer, unpackLayer };
}

/** Joins those who have the store open, and clears up after those who died. */
function openFolder(
  layout: StoreLayout,
  warn: (message: string) => void,
): { session: Session; database: Database; table: LayerTable } {
  const session = new Session(layout);
  let database: Database | undefined;
  try {
    database = new Database(layout.database, warn);
    const table = new LayerTable(database, layout, session);
    table.dropUnsynced();
    clearDeadSessions(layout, session);
    layout.reserve();
    return { session, database, table };
  } catch (error) {
    database?.close();
    session.end();
    throw error;
  }
}

/** The one place where the store's parts are put together. */
class FolderStore implements Store {
  readonly root: string;
  readonly blobs: FileBlobStore;
  readonly layers: DefaultLayerStore;
  readonly roots: DefaultRootStore;
  readonly cache: SqliteCacheIndex;
  readonly cacheMounts: FolderCacheMounts;
  readonly memory: SqliteMemory;
  readonly #layout: StoreLayout;
  readonly #session: Session;
  readonly #database: Database;
  readonly #table: LayerTable;
  readonly #digests: DigestService;
  readonly #warn: (message: string) => void;
  readonly #closing = new AbortController();
  readonly #cleaning: Promise<void>;
  #closed: Promise<void> | undefined;

  constructor({ root, warn = () => undefined }: OpenStoreOptions) {
    const layout = new StoreLayout(root);
    layout.create();
    const { session, database, table } = openFolder(layout, warn);
    this.root = layout.root;
    this.#warn = warn;
    this.#layout = layout;
    this.#session = session;
    this.#database = database;
    this.#table = table;
    this.#digests = new DigestService(layout, session);
    this.blobs = new FileBlobStore(layout, session);
    this.layers = new DefaultLayerStore({
      root: layout.root,
      session,
      table,
      blobs: this.blobs,
      digests: this.#digests,
      loadArchive,
    });
    this.roots = new DefaultRootStore(session, this.layers);
    this.cache = new SqliteCacheIndex(database, this.layers, warn);
    this.cacheMounts = new FolderCacheMounts(layout, { session, layers: this.layers, roots: this.roots });
    this.memory = new SqliteMemory(database);
    this.#cleaning = emptyTrashSoon(layout, this.#closing.signal);
  }

  scanFolder(folder: string, options: ScanFolderOptions): Promise<LayerIndex> {
    return scanFolder(folder, options);
  }

  usage(): readonly UsageRecord[] {
    return listItems(this.#database, this.#layout, () => leasedNames(this.#layout)).map(recordOf);
  }

  prune(options: PruneOptions): AsyncIterable<UsageRecord> {
    return prune({ database: this.#database, layout: this.#layout, session: this.#session }, options);
  }

  temporaryFolder(): string {
    return this.#session.temporaryFolder();
  }

  close(options: { readonly exiting?: boolean } = {}): Promise<void> {
    return (this.#closed ??= this.#close(options.exiting ?? false));
  }

  async #close(exiting: boolean): Promise<void> {
    this.#closing.abort();
    // What is lost here only makes the next build slower, and must not hide why this one failed (a full disk, say).
    const savings: readonly (() => void | Promise<void>)[] = [
      () => this.cache.saveUse(),
      () => this.layers.saveDigests(),
      () => this.#digests.save(),
      () => syncLayers(this.#table, this.root),
    ];
    for (const save of savings) {
      try {
        await save();
      } catch (error) {
        this.#warn(`the cache could not be brought up to date: ${(error as Error).message}`);
      }
    }
    await this.#cleaning;
    this.#session.end();
    // Closing writes the log back into the database, with syncs, which costs more than the rest of a cached build. A
    // process that ends instead leaves the log to the next one, as a killed one does.
    if (!exiting) this.#database.close();
  }
}
