import fs from "node:fs";
import path from "node:path";
import type { UsageRecord } from "../contracts.ts";
import { describedLayers } from "../cache/result-layers.ts";
import type { Database } from "../database/database.ts";
import type { StoreLayout } from "../sessions/layout.ts";

/** A record together with what removing it takes. */
export interface Item extends UsageRecord {
  /** Other items (layers and blobs) that this one can't do without. */
  readonly needs: readonly string[];
  /** A cached result leads to it. */
  readonly cached: boolean;
}

/**
 * Everything in the store that takes room, least recently used first. `leasedNow` names what live sessions
 * hold, asked after everything is listed; what those need is in use, too.
 */
export function listItems(
  database: Database,
  layout: StoreLayout,
  leasedNow: () => ReadonlySet<string>,
): Item[] {
  const cachedLayers = describedLayers(database);
  const drafts = [
    ...layerDrafts(database, cachedLayers),
    ...blobDrafts(database, layout),
    ...mountDrafts(layout),
  ];
  const needs = new Map(drafts.map((draft) => [draft.id, draft.needs]));
  const inUse = closure(leasedNow(), needs);
  const cached = closure(cachedLayers.keys(), needs);
  const sharers = new Map<string, number>();
  for (const draft of drafts) for (const id of draft.needs) sharers.set(id, (sharers.get(id) ?? 0) + 1);
  return drafts
    .map((draft) => {
      const isCached = cached.has(draft.id);
      const isUsed = inUse.has(draft.id);
      return {
        ...draft,
        inUse: isUsed,
        cached: isCached,
        shared: (sharers.get(draft.id) ?? 0) > 1,
        reclaimable: !isUsed && !isCached,
      };
    })
    .sort((a, b) => a.lastUsedMs - b.lastUsedMs || (a.id < b.id ? -1 : 1));
}

type Draft = Omit<Item, "inUse" | "cached" | "shared" | "reclaimable">;

function layerDrafts(database: Database, descriptions: ReadonlyMap<string, string>): Draft[] {
  const blobs = new Map<string, string[]>();
  for (const row of database.all("SELECT layer, digest FROM blobs")) {
    const known = blobs.get(row.layer as string);
    if (known === undefined) blobs.set(row.layer as string, [row.digest as string]);
    else known.push(row.digest as string);
  }
  return database.all("SELECT * FROM layers WHERE doomed = 0").map((row) => ({
    id: row.id as string,
    kind: "layer",
    description: descriptions.get(row.id as string) ?? (row.description as string),
    sizeBytes: Number(row.size_bytes),
    createdMs: Number(row.created_ms),
    lastUsedMs: Number(row.last_used_ms),
    usageCount: Number(row.usage_count),
    needs: [...(JSON.parse(row.needs as string) as string[]), ...(blobs.get(row.id as string) ?? [])],
  }));
}

function blobDrafts(database: Database, layout: StoreLayout): Draft[] {
  const layers = new Map(
    database.all("SELECT digest, layer FROM blobs").map((row) => [row.digest as string, row.layer as string]),
  );
  return fs.readdirSync(layout.blobs).map((name) => {
    const id = `sha256:${name}`;
    const stat = fs.statSync(path.join(layout.blobs, name), { throwIfNoEntry: false });
    return {
      id,
      kind: "blob",
      description: layers.has(id) ? `blob of ${layers.get(id)!}` : "blob",
      sizeBytes: stat?.size ?? 0,
      createdMs: Math.floor(stat?.mtimeMs ?? 0),
      lastUsedMs: Math.floor(Math.max(stat?.mtimeMs ?? 0, stat?.atimeMs ?? 0)),
      usageCount: 1,
      needs: [],
    };
  });
}

function mountDrafts(layout: StoreLayout): Draft[] {
  return fs.readdirSync(layout.cacheMounts).map((name) => {
    const folder = path.join(layout.cacheMounts, name);
    const stat = fs.statSync(path.join(folder, "name"), { throwIfNoEntry: false });
    return {
      id: `c-${name}`,
      kind: "cache-mount",
      description:
        stat === undefined
          ? "cache mount"
          : `cache mount ${fs.readFileSync(path.join(folder, "name"), "utf8")}`,
      sizeBytes: folderSize(folder),
      createdMs: Math.floor(stat?.birthtimeMs ?? 0),
      lastUsedMs: Math.floor(stat?.mtimeMs ?? 0),
      usageCount: 1,
      needs: [],
    };
  });
}

/** All that is reached from `start` by `needs`. */
function closure(start: Iterable<string>, needs: ReadonlyMap<string, readonly string[]>): Set<string> {
  const reached = new Set<string>();
  const pending = [...start];
  for (let id; (id = pending.pop()) !== undefined;) {
    if (reached.has(id)) continue;
    reached.add(id);
    pending.push(...(needs.get(id) ?? []));
  }
  return reached;
}

/** Bytes of disk below a folder; what vanishes meanwhile does not count. */
function folderSize(folder: string): number {
  let sum = 0;
  const pending: Buffer[] = [Buffer.from(folder)];
  for (let at; (at = pending.pop()) !== undefined;) {
    let names: Buffer[];
    try {
      names = fs.readdirSync(at, { encoding: "buffer" });
    } catch {
      continue;
    }
    for (const name of names) {
      const file = Buffer.concat([at, Buffer.from("/"), name]);
      const stat = fs.lstatSync(file, { throwIfNoEntry: false });
      if (stat?.isDirectory()) pending.push(file);
      else sum += (stat?.blocks ?? 0) * 512;
    }
  }
  return sum;
}
