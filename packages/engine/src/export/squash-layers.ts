import type { LayerId, Ref } from "@slipway/engine-sdk";
import { comparePaths, type Entry, type Lookup, type MergedView, type Store } from "@slipway/store";

type Path = Lookup["entry"]["path"];
const ROOT = "" as Path;

/**
 * Makes one layer of the layers between two commit points; where there is but one it stays. The file system is the
 * same before and after, and each part of it above the last commit is in exactly one layer.
 * @param lengths numbers of layers, rising, the last one being all
 */
export async function squashLayers(
  store: Store,
  ref: Ref,
  options: { readonly lengths: readonly number[]; readonly signal: AbortSignal },
): Promise<Ref> {
  const { signal } = options;
  const layers: LayerId[] = [];
  let start = 0;
  for (const end of options.lengths) {
    const group = ref.layers.slice(start, end);
    if (group.length <= 1) layers.push(...group);
    else {
      const lower = await store.roots.view({ layers: ref.layers.slice(0, start) }, signal);
      const upper = await store.roots.view({ layers: ref.layers.slice(0, end) }, signal);
      const entries = squashed(lower, upper, new Set(group));
      layers.push(await store.layers.addIndex({ entries }, signal));
    }
    start = end;
  }
  return { layers };
}

/** What the layers of `group` make of `lower`, which is `upper`. */
function squashed(lower: MergedView, upper: MergedView, group: ReadonlySet<LayerId>): Entry[] {
  const entries = new Map<string, Entry>();
  for (const found of upper.walk(ROOT)) {
    if (found.entry.path === "" || !group.has(found.layer)) continue;
    entries.set(found.entry.path, asOwn(found, upper, group));
    keepParents(found.entry.path, upper, entries);
  }
  for (const { entry } of lower.walk(ROOT)) {
    const { path } = entry;
    if (path === "" || upper.lstat(path) !== undefined) continue;
    // One whiteout hides a whole folder, and what replaces a folder hides what is in it.
    const parent = parentOf(path);
    if (parent !== "" && upper.lstat(parent)?.entry.kind !== "dir") continue;
    entries.set(path, { kind: "whiteout", path });
    keepParents(path, upper, entries);
  }
  return [...entries.values()].sort((a, b) => comparePaths(a.path, b.path));
}

function parentOf(path: Path): Path {
  return path.slice(0, Math.max(0, path.lastIndexOf("/"))) as Path;
}

function keepParents(path: Path, upper: MergedView, entries: Map<string, Entry>): void {
  for (let parent = parentOf(path); parent !== ""; parent = parentOf(parent)) {
    if (entries.has(parent)) return;
    const found = upper.lstat(parent);
    if (found) entries.set(parent, asOwn(found, upper, new Set()));
  }
}

/** The entry as the new layer holds it, its content named by the layer that has it. */
function asOwn(found: Lookup, upper: MergedView, group: ReadonlySet<LayerId>): Entry {
  const { entry, linked, layer } = found;
  // Names of one file stay names of one file as long as the first one is still there and in this layer.
  if (entry.kind === "hardlink" && group.has(layer) && upper.lstat(entry.target)?.layer === layer)
    return entry;
  const named = linked ?? entry;
  // Whiteouts say what a folder hides.
  if (named.kind === "dir") {
    const { opaque: _, ...folder } = named;
    return { ...folder, path: entry.path };
  }
  if (named.kind !== "file" || named.content.kind !== "tree") return { ...named, path: entry.path };
  return { ...named, path: entry.path, content: { kind: "layer", layer, path: named.path } };
}
