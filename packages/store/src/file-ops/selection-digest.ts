import { createDigester, unreachable } from "@slipway/oci";
import type { Digest } from "@slipway/oci";
import type { CopyAction } from "@slipway/ir";
import type { Lookup } from "../contracts.ts";
import type { EntryMetadata } from "../layer-index/entry.ts";
import { findSources } from "./find-sources.ts";
import type { ReadableFilesystem } from "./pending-filesystem.ts";
import { filterOf, walkSelection } from "./walk-selection.ts";

/** One entry that a copy can see. */
export interface CopiedEntry {
  /** Where it goes below the destination, in bytes; "" for a folder whose content is copied. */
  readonly relativePath: string;
  readonly lookup: Lookup;
}

/**
 * Everything that a copy action can see of its source, in a fixed order. Files and folders that are copied as a whole
 * come under their own name, since that is where they go.
 * @throws InputError as planning would
 */
export function selectCopySources(request: {
  readonly action: CopyAction;
  readonly source: ReadableFilesystem;
}): readonly CopiedEntry[] {
  const { action, source } = request;
  const filter = filterOf(action);
  const entries: CopiedEntry[] = [];
  for (const { name, found } of findSources(source, action)) {
    const prefix = found.entry.kind === "dir" && action.dirCopyContents ? "" : name;
    for (const { relativePath, lookup } of walkSelection(source, found, filter)) {
      const path = prefix === "" || relativePath === "" ? prefix + relativePath : `${prefix}/${relativePath}`;
      entries.push({ relativePath: path, lookup });
    }
  }
  return entries;
}

/**
 * The key of a selection: SHA-256 over relative path, type, mode, owner, link target, device numbers, xattrs and
 * content of every entry, in order. Times and places in the source do not count. That names are hard links of one
 * file does, because copies keep it.
 * @param digestsOf gives the content digests of the files, in order; `MergedView.digests` does
 */
export async function selectionDigest(
  selection: readonly CopiedEntry[],
  digestsOf: (files: readonly Lookup[]) => Promise<readonly Digest[]>,
): Promise<Digest> {
  const files: Lookup[] = [];
  /** By original entry: where it comes first, and the number of its digest. */
  const firsts = new Map<object, { readonly path: string; readonly file: number }>();
  for (const { relativePath, lookup } of selection) {
    const original = lookup.linked ?? lookup.entry;
    if (original.kind !== "file" || firsts.has(original)) continue;
    firsts.set(original, { path: relativePath, file: files.length });
    files.push(lookup);
  }
  const digests = await digestsOf(files);
  const digester = createDigester();
  // Gathered: a call for each entry costs more than the hashing.
  let text = "slipway.copy.v1\0";
  const flush = () => {
    digester.update(Buffer.from(text, "latin1"));
    text = "";
  };
  for (const { relativePath, lookup } of selection) {
    const original = lookup.linked ?? lookup.entry;
    let detail: string;
    switch (original.kind) {
      case "file": {
        const first = firsts.get(original)!;
        detail = digests[first.file]! + (first.path === relativePath ? "" : ` ${first.path}`);
        break;
      }
      case "symlink":
        detail = original.target;
        break;
      case "char":
      case "block":
        detail = `${original.major}:${original.minor}`;
        break;
      case "dir":
      case "fifo":
        detail = "";
        break;
      case "hardlink":
        // A view names what a hard link is a name of; one that does not is keyed by where it points.
        text += `${relativePath}\0hardlink\0${original.target}\n`;
        continue;
      default:
        return unreachable(original, "entry");
    }
    // Lengths first, so that no name or value can look like another field.
    const head = `${relativePath.length} ${relativePath} ${original.kind} ${original.mode} ${original.uid} ${original.gid}`;
    text += `${head} ${detail.length} ${detail}${xattrText(original)}\n`;
    if (text.length > 65536) flush();
  }
  flush();
  return digester.digest();
}

function xattrText({ xattrs }: EntryMetadata): string {
  if (xattrs === undefined) return "";
  let text = "";
  for (const [name, value] of xattrs) {
    const bytes = Buffer.from(value).toString("latin1");
    text += ` ${name.length} ${name} ${bytes.length} ${bytes}`;
  }
  return text;
}
