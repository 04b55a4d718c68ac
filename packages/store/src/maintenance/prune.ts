import fs from "node:fs";
import path from "node:path";
import type { Digest } from "@slipway/oci";
import { sweepResults } from "../cache/result-layers.ts";
import type { PruneOptions, UsageRecord } from "../contracts.ts";
import type { Database } from "../database/database.ts";
import { tryLock } from "../locks/process-lock.ts";
import type { StoreLayout } from "../sessions/layout.ts";
import { emptyTrash, leasedNames, type Session } from "../sessions/session.ts";
import { listItems, type Item } from "./usage.ts";

const ORPHAN_AGE_MS = 10 * 60_000;

export interface PruneParts {
  readonly database: Database;
  readonly layout: StoreLayout;
  readonly session: Session;
}

/**
 * Removes what the options allow, least recently used first. Safe beside running builds: a thing is first taken from
 * view, and put back when a live session turns out to hold it.
 */
export async function* prune(parts: PruneParts, options: PruneOptions): AsyncGenerator<UsageRecord> {
  const { database, layout } = parts;
  // Even removing needs room, for the database's journal.
  layout.giveUpReserve();
  const items = listItems(database, layout, () => leasedNames(layout));
  const removed = new Set<string>();
  try {
    for (const item of chosen(items, options)) {
      options.signal.throwIfAborted();
      if (!remove(parts, item)) continue;
      removed.add(item.id);
      yield recordOf(item);
    }
    for (const id of removeOrphans(parts)) removed.add(id);
  } finally {
    // Until then whoever finds such a result sees that a layer is missing, and makes it anew.
    sweepResults(database, removed);
  }
  await emptyTrash(layout, options.signal);
  layout.reserve();
}

/** What is to go, in an order in which nothing that is kept for a moment lacks what it needs. */
function chosen(items: readonly Item[], options: PruneOptions): Item[] {
  const allowed = (item: Item) => !item.inUse && (options.all || !item.cached);
  const candidates = new Map(items.filter(allowed).map((item) => [item.id, item]));
  const old = Date.now() - (options.olderThanMs ?? 0);
  const recent = (item: Item) => options.olderThanMs !== undefined && item.lastUsedMs > old;
  // What a kept item needs is as recent as the item.
  const kept = new Set(
    items.filter((item) => !candidates.has(item.id) || recent(item)).map((item) => item.id),
  );
  let total = items.reduce((sum, item) => sum + item.sizeBytes, 0);
  const needed = needersOf(items);
  const order: Item[] = [];
  const gone = new Set<string>();
  const go = (item: Item): boolean => {
    if (gone.has(item.id)) return true;
    if (kept.has(item.id)) return false;
    // Those that need it go first; if one of them stays, so does this.
    if ((needed.get(item.id) ?? []).some((needer) => !go(needer))) {
      kept.add(item.id);
      return false;
    }
    gone.add(item.id);
    order.push(item);
    total -= item.sizeBytes;
    return true;
  };
  for (const item of candidates.values()) {
    if (options.keepBytes !== undefined && total <= options.keepBytes) break;
    go(item);
  }
  return order;
}

function needersOf(items: readonly Item[]): Map<string, Item[]> {
  const needers = new Map<string, Item[]>();
  for (const item of items) {
    for (const id of item.needs) {
      const known = needers.get(id);
      if (known === undefined) needers.set(id, [item]);
      else known.push(item);
    }
  }
  return needers;
}

function remove(parts: PruneParts, item: Item): boolean {
  switch (item.kind) {
    case "layer":
      return removeLayer(parts, item.id);
    case "blob":
      return removeBlob(parts, item.id as Digest);
    case "cache-mount":
      return removeCacheMount(parts, item.id);
    default:
      return false;
  }
}

function removeLayer({ database, layout, session }: PruneParts, id: string): boolean {
  database.run("UPDATE layers SET doomed = 1 WHERE id = ?", id);
  // From here on nobody finds it. Whoever found it before has leased it before.
  if (leasedNames(layout).has(id)) {
    database.run("UPDATE layers SET doomed = 0 WHERE id = ?", id);
    return false;
  }
  return database.transaction(() => {
    const row = database.get("SELECT tree FROM layers WHERE id = ? AND doomed = 1", id);
    // Somebody has made it anew in the meantime.
    if (row === undefined) return false;
    database.run("DELETE FROM layers WHERE id = ?", id);
    database.run("DELETE FROM blobs WHERE layer = ? AND variant <> 'origin'", id);
    session.trash(layout.index(id));
    if (typeof row.tree === "string") session.trash(layout.tree(row.tree));
    return true;
  });
}

function removeBlob({ database, layout, session }: PruneParts, digest: Digest): boolean {
  const aside = session.temporaryPath();
  try {
    fs.renameSync(layout.blob(digest), aside);
  } catch {
    return false;
  }
  if (leasedNames(layout).has(digest)) {
    // The same content is in place again, or put back now.
    fs.renameSync(aside, layout.blob(digest));
    return false;
  }
  database.run("DELETE FROM blobs WHERE digest = ? AND variant <> 'origin'", digest);
  fs.rmSync(aside, { force: true });
  return true;
}

function removeCacheMount({ layout, session }: PruneParts, id: string): boolean {
  const folder = path.join(layout.cacheMounts, id.slice("c-".length));
  const locks = fs.readdirSync(folder).filter((name) => name.endsWith(".lock"));
  const held = locks.map((name) => tryLock(path.join(folder, name), "exclusive"));
  try {
    if (held.includes(null) || leasedNames(layout).has(id)) return false;
    session.trash(folder);
    return true;
  } finally {
    for (const lock of held) lock?.release();
  }
}

/**
 * Files that no row names: left by processes that were killed between two steps, or by a damaged database. Gives the
 * layers that went.
 */
function removeOrphans({ database, layout, session }: PruneParts): string[] {
  // Another process's prune may have been killed after it took a layer from view.
  const doomed = database.all("SELECT id FROM layers WHERE doomed = 1");
  const removed = doomed
    .map((row) => row.id as string)
    .filter((id) => removeLayer({ database, layout, session }, id));
  const indexes = new Set(database.all("SELECT id FROM layers").map((row) => row.id as string));
  const trees = new Set(
    database.all("SELECT tree FROM layers WHERE tree IS NOT NULL").map((row) => row.tree as string),
  );
  const trashOld = (file: string) => {
    // A file in place whose row is about to be written is young.
    const stat = fs.lstatSync(file, { throwIfNoEntry: false });
    if (stat !== undefined && Date.now() - stat.ctimeMs > ORPHAN_AGE_MS) session.trash(file);
  };
  for (const name of fs.readdirSync(layout.indexes)) if (!indexes.has(name)) trashOld(layout.index(name));
  for (const name of fs.readdirSync(layout.trees)) if (!trees.has(name)) trashOld(layout.tree(name));
  return removed;
}

/** The public part of an item. */
export function recordOf({ needs: _needs, cached: _cached, ...record }: Item): UsageRecord {
  return record;
}
