import type { Lookup, MergedView } from "../contracts.ts";
import type { BytePath } from "../layer-index/byte-path.ts";
import type { DirEntry, Entry, FileEntry, LayerIndex } from "../layer-index/entry.ts";

/**
 * A whole view as one index without whiteouts. Contents stay where they are; names that are hard links of each other in
 * one layer stay so, the first one left being the file.
 */
export function flattenView(view: MergedView): LayerIndex {
  const entries: Entry[] = [];
  const first = new Map<unknown, BytePath>();
  for (const lookup of view.walk("" as BytePath)) {
    const entry = lookup.linked ?? lookup.entry;
    const { path } = lookup.entry;
    if (entry.kind === "hardlink") continue;
    if (entry.kind === "dir") {
      entries.push(aloneDir(entry));
      continue;
    }
    const target = first.get(entry);
    if (target !== undefined) {
      entries.push({ kind: "hardlink", path, target });
      continue;
    }
    first.set(entry, path);
    entries.push(entry.kind === "file" ? borrowed(entry, { lookup, path }) : { ...entry, path });
  }
  return { entries };
}

/** A folder as it is without the layers above and below its own. */
export function aloneDir(entry: DirEntry): DirEntry {
  if (entry.opaque !== true && entry.implied !== true) return entry;
  const { opaque: _opaque, implied: _implied, ...alone } = entry;
  return alone;
}

function borrowed(entry: FileEntry, at: { readonly lookup: Lookup; readonly path: BytePath }): FileEntry {
  if (entry.content.kind !== "tree") return { ...entry, path: at.path };
  return { ...entry, path: at.path, content: { kind: "layer", layer: at.lookup.layer, path: entry.path } };
}
