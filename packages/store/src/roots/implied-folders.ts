import type { MergedView } from "../contracts.ts";
import type { BytePath } from "../layer-index/byte-path.ts";
import type { DirEntry, EntryMetadata, LayerIndex } from "../layer-index/entry.ts";

const byIndex = new WeakMap<LayerIndex, readonly DirEntry[]>();

function impliedFolders(index: LayerIndex): readonly DirEntry[] {
  let found = byIndex.get(index);
  if (found === undefined) {
    found = index.entries.filter((entry) => entry.kind === "dir").filter(({ implied }) => implied === true);
    byIndex.set(index, found);
  }
  return found;
}

/**
 * Folders whose metadata is another one's where the trees of the layers are mounted over each other: a tree has to have a
 * folder for what is in it, even where the layer says nothing of the folder itself.
 */
export function misrepresentedFolders(indexes: readonly LayerIndex[], view: MergedView): readonly BytePath[] {
  const found = new Set<BytePath>();
  for (const index of indexes)
    for (const entry of impliedFolders(index)) {
      const actual = view.lstat(entry.path)?.entry;
      if (actual?.kind === "dir" && !isSame(actual, entry)) found.add(entry.path);
    }
  return [...found];
}

function isSame(a: EntryMetadata, b: EntryMetadata): boolean {
  const isPlain = a.xattrs === undefined && b.xattrs === undefined;
  return isPlain && a.mode === b.mode && a.uid === b.uid && a.gid === b.gid && a.mtimeNs === b.mtimeNs;
}
