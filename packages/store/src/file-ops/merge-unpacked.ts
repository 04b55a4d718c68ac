import type { InodeNode } from "../archive/tree-nodes.ts";
import { baseNameOf, parentOf } from "../layer-index/byte-path.ts";
import type { BytePath } from "../layer-index/byte-path.ts";
import type { EntryMetadata } from "../layer-index/entry.ts";
import { copyOf } from "./copied-node.ts";
import type { Owner } from "./owner.ts";
import { metadataOf } from "./pending-filesystem.ts";
import type { PendingFilesystem, ReadableFilesystem } from "./pending-filesystem.ts";
import { walkSelection } from "./walk-selection.ts";

/**
 * Lays the content of an unpacked archive into the folder `at`, as tar does: what is there is replaced, folders are
 * merged and take the archive's metadata. Folders that the archive does not name but needs keep theirs, and are
 * reached through symlinks.
 */
export function mergeUnpacked(merge: {
  readonly unpacked: ReadableFilesystem;
  readonly target: PendingFilesystem;
  readonly at: BytePath;
  readonly owner: Owner | undefined;
  readonly keepsOrigins: boolean;
}): void {
  const { unpacked, target, at, owner } = merge;
  const copied = (metadata: EntryMetadata) => metadataOf({ ...metadata, ...owner });
  const inodes = new Map<object, InodeNode>();
  const folders = new Map<string, BytePath>([["", at]]);
  const start = unpacked.lstat("" as BytePath)!;
  for (const { relativePath, lookup } of walkSelection(unpacked, start, {
    include: undefined,
    exclude: undefined,
  })) {
    if (relativePath === "") continue;
    const folder = folders.get(parentOf(relativePath as BytePath))!;
    const name = baseNameOf(relativePath as BytePath);
    let path = (folder === "" ? name : `${folder}/${name}`) as BytePath;
    const { entry } = lookup;
    if (entry.kind !== "dir") {
      target.remove(path);
      target.set(
        path,
        copyOf(lookup, { copied }, inodes),
        merge.keepsOrigins ? () => unpacked.readFile(entry.path) : undefined,
      );
      continue;
    }
    const isImplied = entry.mode === 0o755 && entry.uid === 0 && entry.gid === 0 && entry.mtimeNs === 0n;
    if (isImplied) {
      const resolved = target.resolve(path);
      if (resolved.found?.entry.kind === "dir") path = resolved.path;
    }
    folders.set(relativePath, path);
    const existing = target.lstat(path);
    if (existing?.entry.kind === "dir") {
      if (!isImplied && !isSame(existing.entry, copied(entry))) target.setDirMetadata(path, copied(entry));
      continue;
    }
    if (existing !== undefined) target.remove(path);
    target.makeDir(path, copied(entry));
  }
}

/** A folder that is as the archive has it is no change. */
function isSame(existing: EntryMetadata, wanted: EntryMetadata): boolean {
  const { mode, uid, gid, mtimeNs } = existing;
  const isPlain = existing.xattrs === undefined && wanted.xattrs === undefined;
  return isPlain && mode === wanted.mode && uid === wanted.uid && gid === wanted.gid && mtimeNs === wanted.mtimeNs;
}
