import { digestHex, sha256 } from "@slipway/oci";
import { extendChain, refOf, type LayerChain, type LayerId, type Ref } from "@slipway/engine-sdk";
import type { Database } from "../database/database.ts";
import { CREATE_PIECES } from "../database/schema.ts";

/**
 * Layers in one piece of a chain. A result names at most so many layers itself, and a piece for all that are below: a
 * build of n steps is written down in as many rows of bounded size, instead of n chains of up to n layers.
 */
const PIECE_LENGTH = 16;
/** Before an id of a layer it is the id of a piece; no layer has such an id. */
const PIECE_MARK = "+";
/** Links that are remembered to be found again; more, and they are forgotten all at once. */
const MOST_LINKS = 200_000;

/** A chain as it is written: layers, base first, the first one perhaps a piece instead. */
export type WrittenChain = readonly string[];

export function isPiece(item: string): boolean {
  return item.startsWith(PIECE_MARK);
}

/** True when a database of an older Slipway has no pieces, and so no results that name any. */
export function lacksPieces(database: Database): boolean {
  return database.get("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'pieces'") === undefined;
}

/** Chains of layers in the database, in pieces that results share. Refs that it gives share their links, too. */
export class ChainTable {
  readonly #database: Database;
  /** Ids of pieces that are in the database, by their topmost link. */
  #written = new WeakMap<LayerChain, string>();
  readonly #above = new WeakMap<LayerChain, Map<LayerId, LayerChain>>();
  #lowest = new Map<LayerId, LayerChain>();
  #pieces = new Map<string, LayerChain>();
  #linkCount = 0;
  /** Of the database, when the table was last seen. */
  #replacements = -1;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Within a transaction: writes the pieces that are not there; gives what the result is to hold. */
  write(chain: LayerChain | undefined): WrittenChain {
    const own: string[] = [];
    let at = chain;
    for (; at !== undefined; at = at.below) {
      if (own.length > 0 && at.length % PIECE_LENGTH === 0) break;
      own.push(at.layer);
    }
    own.reverse();
    return at === undefined ? own : [this.#writePieces(at), ...own];
  }

  /** The ref of a written chain; undefined when a piece of it is gone. */
  read(written: WrittenChain): Ref | undefined {
    const [first = ""] = written;
    if (!isPiece(first)) return refOf(this.#link(undefined, written));
    const below = this.#readPieces(first);
    return below && refOf(this.#link(below, written.slice(1)));
  }

  /** After a transaction that failed: what was written in it is not there. */
  rolledBack(): void {
    this.#written = new WeakMap();
    this.#replacements = -1;
  }

  #writePieces(top: LayerChain): string {
    if (this.#replacements !== this.#database.replacements) {
      this.#written = new WeakMap();
      // A database that an older Slipway made has no such table.
      this.#database.run(CREATE_PIECES);
      this.#replacements = this.#database.replacements;
    }
    const ends: LayerChain[] = [];
    let at: LayerChain | undefined = top;
    // The topmost one is written each time: another process may have swept it away with the last result that named it.
    for (; at !== undefined && (at === top || !this.#written.has(at));) {
      ends.push(at);
      for (let i = 0; i < PIECE_LENGTH; i++) at = at?.below;
    }
    let id = at && this.#written.get(at);
    for (const end of ends.reverse()) {
      const layers: string[] = [];
      for (let link: LayerChain | undefined = end; layers.length < PIECE_LENGTH; link = link?.below)
        layers.push(link!.layer);
      const text = JSON.stringify(id === undefined ? layers.reverse() : [id, ...layers.reverse()]);
      id = PIECE_MARK + digestHex(sha256(text));
      this.#database.run("INSERT OR IGNORE INTO pieces (id, layers) VALUES (?, ?)", id, text);
      this.#written.set(end, id);
    }
    return id!;
  }

  #readPieces(top: string): LayerChain | undefined {
    const tails: { readonly id: string; readonly layers: readonly string[] }[] = [];
    let chain: LayerChain | undefined;
    for (let id: string | undefined = top; id !== undefined;) {
      chain = this.#pieces.get(id);
      if (chain !== undefined) break;
      const row = this.#database.get("SELECT layers FROM pieces WHERE id = ?", id);
      if (row === undefined) return undefined;
      const items = JSON.parse(row.layers as string) as string[];
      const below: string | undefined = isPiece(items[0] ?? "") ? items.shift() : undefined;
      tails.push({ id, layers: items });
      id = below;
    }
    for (const { id, layers } of tails.reverse()) {
      chain = this.#link(chain, layers)!;
      this.#pieces.set(id, chain);
      this.#written.set(chain, id);
    }
    return chain;
  }

  /** The same links for the same layers, so that what is known of a link is known for all chains over it. */
  #link(below: LayerChain | undefined, layers: readonly string[]): LayerChain | undefined {
    let chain = below;
    for (const layer of layers as readonly LayerId[]) {
      let above = chain === undefined ? this.#lowest : this.#above.get(chain);
      if (above === undefined) this.#above.set(chain!, (above = new Map()));
      let next = above.get(layer);
      if (next === undefined) {
        above.set(layer, (next = extendChain(chain, layer)));
        this.#linkCount++;
      }
      chain = next;
    }
    if (this.#linkCount > MOST_LINKS) {
      this.#lowest = new Map();
      this.#pieces = new Map();
      this.#linkCount = 0;
    }
    return chain;
  }
}
