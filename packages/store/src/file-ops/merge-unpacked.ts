import { archiveError } from "../archive/archive-error.ts";
import { isWhiteoutName, OPAQUE_MARKER, OUTWARD_LINK, WHITEOUT_PREFIX } from "../archive/tar-format.ts";
import type { InodeNode, TreeNode } from "../archive/tree-nodes.ts";
import type { Lookup } from "../contracts.ts";
import { baseNameOf, parentOf, textOfBytes } from "../layer-index/byte-path.ts";
import type { BytePath } from "../layer-index/byte-path.ts";
import type { EntryMetadata } from "../layer-index/entry.ts";
import { copyOf } from "./copied-node.ts";
import type { Owner } from "./owner.ts";
import { metadataOf } from "./pending-filesystem.ts";
import type { PendingFilesystem, ReadableFilesystem } from "./pending-filesystem.ts";
import { walkSelection } from "./walk-selection.ts";
import type { SelectedEntry } from "./walk-selection.ts";

interface Merge {
  readonly unpacked: ReadableFilesystem;
  readonly target: PendingFilesystem;
  readonly at: BytePath;
  readonly owner: Owner | undefined;
  readonly keepsOrigins: boolean;
}

interface SharedFile {
  readonly node: TreeNode;
  readonly origin: (() => Promise<Buffer>) | undefined;
}

/**
 * Lays the content of an unpacked archive into the folder `at`, as tar does: what is there is replaced, folders are
 * merged and take the archive's metadata. Folders that the archive does not name but needs keep theirs, and are
 * reached through symlinks. Names that begin with ".wh." hide what lower layers have, which is what they do in the layer
 * that BuildKit makes of them; what they are themselves is lost.
 * @throws InputError `ARCHIVE_HARDLINK_TARGET` for a link to a file that neither the archive nor the folder has
 */
export function mergeUnpacked(merge: Merge): void {
  const { unpacked, target, at, owner } = merge;
  const copied = (metadata: EntryMetadata) => metadataOf({ ...metadata, ...owner });
  const inodes = new Map<object, InodeNode>();
  const folders = new Map<string, BytePath>([["", at]]);
  const shared = shareLinkedFiles(merge, copied);
  for (const { relativePath, lookup } of everythingIn(unpacked)) {
    const folder = folders.get(parentOf(relativePath as BytePath));
    // In a folder that counted as a deletion.
    if (folder === undefined) continue;
    const name = baseNameOf(relativePath as BytePath);
    let path = below(folder, name);
    const { entry } = lookup;
    if (isWhiteoutName(name)) {
      hide(target, folder, name);
      continue;
    }
    if (entry.kind !== "dir") {
      target.remove(path);
      const link = outwardLink(lookup);
      const file = link === undefined ? undefined : shared.get(link);
      if (file !== undefined) target.set(path, file.node, file.origin);
      else
        target.set(
          path,
          copyOf(lookup, { copied }, inodes),
          merge.keepsOrigins ? () => unpacked.readFile(entry.path) : undefined,
        );
      continue;
    }
    const isImplied = entry.implied === true;
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

function* everythingIn(unpacked: ReadableFilesystem): Generator<SelectedEntry, void> {
  const start = unpacked.lstat("" as BytePath)!;
  for (const selected of walkSelection(unpacked, start, { include: undefined, exclude: undefined }))
    if (selected.relativePath !== "") yield selected;
}

function below(folder: BytePath, name: string): BytePath {
  return (folder === "" ? name : `${folder}/${name}`) as BytePath;
}

function hide(target: PendingFilesystem, folder: BytePath, name: string): void {
  if (name === OPAQUE_MARKER) return target.makeOpaque(folder);
  const hidden = name.slice(WHITEOUT_PREFIX.length);
  if (hidden === "" || hidden === "." || hidden === "..") return;
  target.hide(below(folder, hidden));
}

/** Path of what a link leads to that only the destination has. */
function outwardLink(lookup: Lookup): BytePath | undefined {
  const entry = lookup.linked ?? lookup.entry;
  const link = entry.kind === "file" ? entry.xattrs?.get(OUTWARD_LINK) : undefined;
  return link === undefined ? undefined : (Buffer.from(link).toString("latin1") as BytePath);
}

/**
 * Files of the destination that the archive has links to, by their path in the archive's terms. They take the metadata of
 * the link, under all their names. Before anything else, since the archive may replace them.
 */
function shareLinkedFiles(
  merge: Merge,
  copied: (metadata: EntryMetadata) => EntryMetadata,
): Map<string, SharedFile> {
  const { unpacked, target, at } = merge;
  const shared = new Map<string, SharedFile>();
  let before: PendingFilesystem | undefined;
  for (const { lookup } of everythingIn(unpacked)) {
    const link = outwardLink(lookup);
    if (link === undefined || shared.has(link)) continue;
    before ??= merge.keepsOrigins ? target.clone() : target;
    const { path, found } = target.resolve(below(at, link), { followLast: false });
    if (found === undefined || found.entry.kind === "dir")
      throw archiveError(
        "ARCHIVE_HARDLINK_TARGET",
        `hard link to "${textOfBytes(link)}", which is no file of the archive or of what it is added to`,
        lookup.entry.path,
      );
    const { xattrs: _note, ...metadata } = metadataOf((lookup.linked ?? lookup.entry) as EntryMetadata);
    const from = before;
    const node = copyOf(
      found,
      {
        copied: ({ xattrs, mode }, kind) => ({
          ...copied({ ...metadata, xattrs }),
          ...(kind === "symlink" ? { mode } : {}),
        }),
      },
      new Map(),
    );
    const origin = merge.keepsOrigins ? () => from.readFile(path) : undefined;
    target.set(path, node, origin);
    shared.set(link, { node, origin });
  }
  return shared;
}

/** A folder that is as the archive has it is no change. */
function isSame(existing: EntryMetadata, wanted: EntryMetadata): boolean {
  const { mode, uid, gid, mtimeNs } = existing;
  const isPlain = existing.xattrs === undefined && wanted.xattrs === undefined;
  return (
    isPlain && mode === wanted.mode && uid === wanted.uid && gid === wanted.gid && mtimeNs === wanted.mtimeNs
  );
}
