import fs from "node:fs";
import { randomName, type Descriptor, type Digest, type DiffId } from "@slipway/oci";
import type { LayerId } from "@slipway/engine-sdk";
import type { Database, Row } from "../database/database.ts";
import type { LayerIndex } from "../layer-index/entry.ts";
import { decodeIndex, encodeIndex } from "../layer-index/codec.ts";
import type { StoreLayout } from "../sessions/layout.ts";
import type { Session } from "../sessions/session.ts";
import { errnoOf, withWorldErrors } from "../syscalls/fs-errors.ts";

/** A layer that is in the store for good. */
export interface StoredLayer {
  readonly id: LayerId;
  readonly created: string;
  readonly diffId: DiffId | undefined;
  /** Absolute path of the tree, when there is one. */
  readonly tree: string | undefined;
  readonly ownContent: boolean;
  readonly needs: readonly LayerId[];
}

export interface NewLayer {
  readonly id: LayerId;
  readonly created: string;
  readonly index: LayerIndex;
  /** A finished tree in the session's temporary folder; it is moved. */
  readonly treeDir?: string;
  readonly diffId?: DiffId;
  readonly sizeBytes: number;
  readonly description?: string;
}

export interface StoredBlob {
  readonly variant: string;
  readonly descriptor: Descriptor;
  readonly diffId: DiffId;
  readonly origins: readonly string[];
}

/**
 * Layers on disk: rows, index files and trees. A row appears after what it names is complete and goes before that
 * does, so that a process killed at any moment leaves at most files that no row names.
 */
export class LayerTable {
  readonly #database: Database;
  readonly #layout: StoreLayout;
  readonly #session: Session;
  readonly #boot: string;
  /**
   * Layers that were there after they were leased: they stay, even if somebody who prunes marks them for the moment that
   * it takes to look at the leases.
   */
  readonly #held = new Set<LayerId>();
  #wrote = false;
  #forgotten = 0;

  constructor(database: Database, layout: StoreLayout, session: Session) {
    this.#database = database;
    this.#layout = layout;
    this.#session = session;
    this.#boot = bootId();
  }

  get(id: LayerId): StoredLayer | undefined {
    // The lease first: whoever prunes marks the row before it looks at leases.
    this.#session.lease(id);
    const row = this.#database.get("SELECT * FROM layers WHERE id = ?", id);
    if (row === undefined || (row.doomed === 1 && !this.#held.has(id))) return undefined;
    this.#held.add(id);
    return this.#layerOf(row);
  }

  /** The stored index; undefined when its file is gone or damaged. */
  readIndex(id: LayerId): LayerIndex | undefined {
    try {
      return decodeIndex(fs.readFileSync(this.#layout.index(id)));
    } catch (error) {
      if (errnoOf(error) === "ENOENT") return undefined;
      throw error;
    }
  }

  /** Makes a layer permanent, or adds a tree to one that is there. When another process was faster, its tree stays. */
  publish(layer: NewLayer): StoredLayer {
    const { id } = layer;
    return withWorldErrors(this.#layout.root, () => {
      const indexFile = this.#session.temporaryPath();
      fs.writeFileSync(indexFile, encodeIndex(layer.index), { mode: 0o600 });
      const short = layer.treeDir === undefined ? null : this.#moveTree(layer.treeDir);
      this.#session.lease(id);
      const stored = this.#database.transaction(() => {
        const there = this.#database.get("SELECT * FROM layers WHERE id = ?", id);
        // Within the transaction, so that nobody prunes the old file of that name meanwhile.
        fs.renameSync(indexFile, this.#layout.index(id));
        if (there !== undefined && (there.doomed === 0 || this.#held.has(id))) {
          this.#database.run(
            "UPDATE layers SET tree = coalesce(tree, ?), size_bytes = max(size_bytes, ?), boot = ?, last_used_ms = ? WHERE id = ?",
            short,
            layer.sizeBytes,
            this.#boot,
            Date.now(),
            id,
          );
        } else {
          if (typeof there?.tree === "string") this.#session.trash(this.#layout.tree(there.tree));
          this.#database.run("DELETE FROM layers WHERE id = ?", id);
          this.#insert(layer, short);
        }
        return this.#database.get("SELECT * FROM layers WHERE id = ?", id);
      });
      // Only a database that was replaced under our hands has no row now.
      if (stored === undefined) return this.#publishedUnlisted(layer, short);
      if (short !== null && stored.tree !== short) this.#session.trash(this.#layout.tree(short));
      this.#wrote = true;
      this.#held.add(id);
      return this.#layerOf(stored);
    });
  }

  /** Replaces a stored index by one that knows more digests. */
  rewriteIndex(id: LayerId, index: LayerIndex, learned: ReadonlyMap<string, Digest>): void {
    const file = this.#session.temporaryPath();
    fs.writeFileSync(file, encodeIndex(index, learned), { mode: 0o600 });
    this.#database.transaction(() => {
      const there = this.#database.get("SELECT 1 FROM layers WHERE id = ? AND doomed = 0", id);
      if (there === undefined) fs.rmSync(file);
      else fs.renameSync(file, this.#layout.index(id));
    });
  }

  /** Forgets a layer that turned out to be damaged. */
  forget(id: LayerId): void {
    this.#forgotten++;
    this.#held.delete(id);
    this.#database.run("DELETE FROM layers WHERE id = ?", id);
    this.#database.run("DELETE FROM blobs WHERE layer = ?", id);
  }

  /** Changes when rows that were there may have gone under this process's hands. */
  get losses(): number {
    return this.#forgotten + this.#database.replacements;
  }

  blobs(id: LayerId): StoredBlob[] {
    return this.#database.all("SELECT * FROM blobs WHERE layer = ?", id).map((row) => ({
      variant: row.variant as string,
      descriptor: JSON.parse(row.descriptor as string) as Descriptor,
      diffId: row.diff_id as DiffId,
      origins: JSON.parse(row.origins as string) as string[],
    }));
  }

  addBlob(id: LayerId, blob: StoredBlob): void {
    this.#database.run(
      "INSERT OR REPLACE INTO blobs (layer, variant, digest, diff_id, descriptor, origins) VALUES (?, ?, ?, ?, ?, ?)",
      id,
      blob.variant,
      blob.descriptor.digest,
      blob.diffId,
      JSON.stringify(blob.descriptor),
      JSON.stringify(blob.origins),
    );
  }

  /** Whether this session has published anything. */
  get wrote(): boolean {
    return this.#wrote;
  }

  /** Layers of this boot, of any session, that are not known to be on the disk. */
  unsynced(): { readonly id: LayerId; readonly writtenMs: number }[] {
    return this.#database
      .all("SELECT id, last_used_ms FROM layers WHERE boot = ?", this.#boot)
      .map((row) => ({ id: row.id as LayerId, writtenMs: Number(row.last_used_ms) }));
  }

  /** Forgets the boot of layers that are now known to be on the disk. */
  markSynced(ids: Iterable<LayerId>): void {
    this.#database.transaction(() => {
      for (const id of ids) this.#database.run("UPDATE layers SET boot = '' WHERE id = ?", id);
    });
  }

  /**
   * Drops layers that were written during an earlier boot and never known to reach the disk: after a power cut their
   * files may be empty.
   */
  dropUnsynced(): void {
    const rows = this.#database.all("SELECT id, tree FROM layers WHERE boot NOT IN ('', ?)", this.#boot);
    for (const row of rows) {
      this.forget(row.id as LayerId);
      if (typeof row.tree === "string") this.#session.trash(this.#layout.tree(row.tree));
    }
  }

  #insert(layer: NewLayer, short: string | null): void {
    const now = Date.now();
    this.#database.run(
      `INSERT INTO layers (id, created, diff_id, own_content, tree, boot, size_bytes, needs, description, created_ms, last_used_ms)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      layer.id,
      layer.created,
      layer.diffId ?? null,
      hasOwnContent(layer.index) ? 1 : 0,
      short,
      this.#boot,
      layer.sizeBytes,
      JSON.stringify(lendersOf(layer.index)),
      layer.description ?? "",
      now,
      now,
    );
  }

  #moveTree(treeDir: string): string {
    const short = BigInt(`0x${randomName(10)}`).toString(36);
    fs.renameSync(treeDir, this.#layout.tree(short));
    return short;
  }

  #publishedUnlisted(layer: NewLayer, short: string | null): StoredLayer {
    return {
      id: layer.id,
      created: layer.created,
      diffId: layer.diffId,
      tree: short === null ? undefined : this.#layout.tree(short),
      ownContent: hasOwnContent(layer.index),
      needs: lendersOf(layer.index),
    };
  }

  #layerOf(row: Row): StoredLayer {
    return {
      id: row.id as LayerId,
      created: row.created as string,
      diffId: (row.diff_id as DiffId | null) ?? undefined,
      tree: row.tree === null ? undefined : this.#layout.tree(row.tree as string),
      ownContent: row.own_content === 1,
      needs: JSON.parse(row.needs as string) as LayerId[],
    };
  }
}

/** Layers that lend an index content; each once, in order of appearance. */
export function lendersOf(index: LayerIndex): LayerId[] {
  const lenders = new Set<LayerId>();
  for (const entry of index.entries) {
    if (entry.kind === "file" && entry.content.kind === "layer") lenders.add(entry.content.layer);
  }
  return [...lenders];
}

/** True when some content is in the layer's own tree, or still on the host: such a layer needs a tree or a blob. */
export function hasOwnContent(index: LayerIndex): boolean {
  return index.entries.some(
    (entry) => entry.kind === "file" && (entry.content.kind === "tree" || entry.content.kind === "host"),
  );
}

function bootId(): string {
  try {
    return fs.readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
  } catch {
    return "unknown";
  }
}
