import type { Ref, VertexResult } from "@slipway/engine-sdk";
import { comparePaths, type Entry, type Lookup, type MergedView, type Store } from "@slipway/store";

/** Lays filesystems over each other, the last on top: their chains, one after the other. */
export function executeMerge(inputs: readonly Ref[]): VertexResult {
  return { outputs: [{ layers: inputs.flatMap((ref) => ref.layers) }] };
}

/**
 * What has to be laid over `lower` to get `upper`. When lower's chain is how upper's begins, that is the rest of it;
 * else the two trees are compared, and the difference becomes one layer that points at upper's content.
 */
export async function executeDiff(
  store: Store,
  options: { readonly lower: Ref; readonly upper: Ref; readonly signal: AbortSignal },
): Promise<VertexResult> {
  const { lower, upper, signal } = options;
  if (lower.layers.every((id, index) => upper.layers[index] === id)) {
    return { outputs: [{ layers: upper.layers.slice(lower.layers.length) }] };
  }
  const [below, above] = [await store.roots.view(lower, signal), await store.roots.view(upper, signal)];
  const entries = await differences(below, above);
  return {
    outputs: [{ layers: entries.length === 0 ? [] : [await store.layers.addIndex({ entries }, signal)] }],
  };
}

async function differences(lower: MergedView, upper: MergedView): Promise<Entry[]> {
  const changed = new Map<string, Entry>();
  const root = "" as Lookup["entry"]["path"];
  for (const above of upper.walk(root)) {
    const below = lower.lstat(above.entry.path);
    if (below && (await sameEntry(lower, below, upper, above))) continue;
    changed.set(above.entry.path, pointingAt(above));
    keepParents(above.entry.path, upper, changed);
  }
  for (const below of lower.walk(root)) {
    const { path } = below.entry;
    if (path === "" || upper.lstat(path)) continue;
    // One whiteout hides a whole folder.
    const parent = path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : "";
    if (parent !== "" && upper.lstat(parent as typeof path)?.entry.kind !== "dir") continue;
    changed.set(path, { kind: "whiteout", path });
    keepParents(path, upper, changed);
  }
  return [...changed.values()].sort((a, b) => comparePaths(a.path, b.path));
}

function keepParents(path: string, upper: MergedView, changed: Map<string, Entry>): void {
  for (let slash = path.lastIndexOf("/"); slash > 0; slash = path.lastIndexOf("/", slash - 1)) {
    const parent = path.slice(0, slash) as Lookup["entry"]["path"];
    if (changed.has(parent)) return;
    const found = upper.lstat(parent);
    if (found) changed.set(parent, pointingAt(found));
  }
}

/**
 * The entry as another layer can hold it: content named by the layer that has it. Two names of one file become two
 * files: nothing in an image can tell them apart but a write.
 */
function pointingAt({ entry, linked, layer }: Lookup): Entry {
  const named = linked ?? entry;
  if (named.kind !== "file" || named.content.kind !== "tree") return { ...named, path: entry.path };
  return { ...named, path: entry.path, content: { kind: "layer", layer, path: named.path } };
}

async function sameEntry(
  lower: MergedView,
  below: Lookup,
  upper: MergedView,
  above: Lookup,
): Promise<boolean> {
  if (below.layer === above.layer) return true;
  const a = pointingAt(below);
  const b = pointingAt(above);
  if (a.kind === "whiteout" || b.kind === "whiteout" || a.kind === "hardlink" || b.kind === "hardlink")
    return false;
  if (
    a.kind !== b.kind ||
    a.mode !== b.mode ||
    a.uid !== b.uid ||
    a.gid !== b.gid ||
    !sameXattrs(a.xattrs, b.xattrs)
  )
    return false;
  if (a.kind === "symlink") return b.kind === "symlink" && a.target === b.target;
  if (a.kind === "char" || a.kind === "block")
    return b.kind === a.kind && a.major === b.major && a.minor === b.minor;
  if (a.kind !== "file") return true;
  return (
    b.kind === "file" &&
    a.sizeBytes === b.sizeBytes &&
    (await lower.digest(below)) === (await upper.digest(above))
  );
}

function sameXattrs(
  a: ReadonlyMap<string, Uint8Array> | undefined,
  b: ReadonlyMap<string, Uint8Array> | undefined,
): boolean {
  if ((a?.size ?? 0) !== (b?.size ?? 0)) return false;
  for (const [name, value] of a ?? []) {
    const other = b?.get(name);
    if (!other || Buffer.compare(value, other) !== 0) return false;
  }
  return true;
}
