import type { Database, Row } from "../database/database.ts";
import { isPiece, lacksPieces, type WrittenChain } from "./chain-table.ts";

/** Rows at a time: those of older versions hold whole chains of any length. */
const PAGE_ROWS = 64;

/**
 * The layers that recorded results lead to, each with a description of one of its results. Time and memory grow with the
 * number of results and layers, however long the chains are.
 */
export function describedLayers(database: Database): Map<string, string> {
  const described = new Map<string, string>();
  for (const row of resultRows(database)) {
    const description = row.description as string;
    for (const written of chainsOf(row)) for (const item of written) note(described, item, description);
  }
  for (const [id, items] of fromTheTop(readPieces(database))) {
    const description = described.get(id);
    if (description === undefined) continue;
    described.delete(id);
    for (const item of items) note(described, item, description);
  }
  return described;
}

/**
 * Deletes results with a layer of `removed` or with one that is not there, and pieces that no result needs any more. One
 * transaction, one look at everything: for each layer on its own it would be one look each.
 */
export function sweepResults(database: Database, removed: ReadonlySet<string>): void {
  database.transaction(() => {
    const there = new Set(database.all("SELECT id FROM layers").map((row) => row.id as string));
    // What a registry has need not be here.
    const isGone = (layer: string): boolean =>
      removed.has(layer) || (!there.has(layer) && !layer.startsWith("d-"));
    const pieces = readPieces(database);
    const whole = new Set<string>();
    for (const [id, items] of fromTheTop(pieces).reverse())
      if (items.every((item) => (isPiece(item) ? whole.has(item) : !isGone(item)))) whole.add(id);
    const doomed: string[] = [];
    const needed = new Set<string>();
    for (const row of resultRows(database)) {
      const items = chainsOf(row).flat();
      if (items.some((item) => (isPiece(item) ? !whole.has(item) : isGone(item))))
        doomed.push(row.key as string);
      else for (const item of items) if (isPiece(item)) needed.add(item);
    }
    for (const [id, items] of fromTheTop(pieces))
      if (needed.has(id)) for (const item of items) if (isPiece(item)) needed.add(item);
    remove(database, "results WHERE key", doomed);
    const idle = [...pieces.keys()].filter((id) => !needed.has(id));
    if (idle.length > 0) remove(database, "pieces WHERE id", idle);
  });
}

function remove(database: Database, where: "results WHERE key" | "pieces WHERE id", names: string[]): void {
  database.run(`DELETE FROM ${where} IN (SELECT value FROM json_each(?))`, JSON.stringify(names));
}

function note(described: Map<string, string>, item: string, description: string): void {
  const known = described.get(item);
  if (known === undefined || known < description) described.set(item, description);
}

function chainsOf(row: Row): WrittenChain[] {
  return (JSON.parse(row.outputs as string) as (WrittenChain | null)[]).map((written) => written ?? []);
}

type Pieces = ReadonlyMap<string, readonly string[]>;

function readPieces(database: Database): Pieces {
  const pieces = new Map<string, readonly string[]>();
  if (lacksPieces(database)) return pieces;
  for (const row of database.all("SELECT id, layers FROM pieces"))
    pieces.set(row.id as string, JSON.parse(row.layers as string) as string[]);
  return pieces;
}

/** Each piece before the one that is below it. */
function fromTheTop(pieces: Pieces): (readonly [id: string, items: readonly string[]])[] {
  const done = new Set<string>();
  const fromBelow: (readonly [string, readonly string[]])[] = [];
  for (const start of pieces.keys()) {
    const pending: (readonly [string, readonly string[]])[] = [];
    for (let id: string | undefined = start; id !== undefined && !done.has(id);) {
      done.add(id);
      const items: readonly string[] | undefined = pieces.get(id);
      if (items !== undefined) pending.push([id, items]);
      id = items?.find(isPiece);
    }
    fromBelow.push(...pending.reverse());
  }
  return fromBelow.reverse();
}

function* resultRows(database: Database): Iterable<Row> {
  let last = "";
  for (;;) {
    const rows = database.all(
      `SELECT key, outputs, description FROM results WHERE key > ? ORDER BY key LIMIT ${PAGE_ROWS}`,
      last,
    );
    yield* rows;
    if (rows.length < PAGE_ROWS) return;
    last = rows.at(-1)!.key as string;
  }
}
