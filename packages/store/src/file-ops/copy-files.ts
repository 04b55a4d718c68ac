import { InputError } from "@slipway/oci";
import type { CopyAction } from "@slipway/ir";
import type { InodeNode } from "../archive/tree-nodes.ts";
import type { Lookup } from "../contracts.ts";
import { bytesOfText, parentOf, textOfBytes } from "../layer-index/byte-path.ts";
import type { BytePath } from "../layer-index/byte-path.ts";
import { copyOf } from "./copied-node.ts";
import type { CopyStyle } from "./copied-node.ts";
import { parseMode } from "./file-mode.ts";
import type { ModeChange } from "./file-mode.ts";
import { cleaned, findSources } from "./find-sources.ts";
import type { CopySource } from "./find-sources.ts";
import { mergeUnpacked } from "./merge-unpacked.ts";
import type { Owner } from "./owner.ts";
import { metadataOf } from "./pending-filesystem.ts";
import type { PendingFilesystem, ReadableFilesystem } from "./pending-filesystem.ts";
import { filterOf, walkSelection } from "./walk-selection.ts";
import type { SelectedEntry } from "./walk-selection.ts";

export interface CopyRequest {
  readonly action: CopyAction;
  readonly target: PendingFilesystem;
  readonly source: ReadableFilesystem;
  /** Undefined keeps the source's. */
  readonly owner: Owner | undefined;
  readonly defaultMtimeNs: bigint;
  /** Whether later actions may read what is copied. */
  readonly keepsOrigins: boolean;
  readonly signal: AbortSignal;
  /** Gives what is in an archive; null when the file is none. */
  unpack?(file: Lookup): Promise<ReadableFilesystem | null>;
}

/**
 * Does what a copy action says, with BuildKit's corners.
 * @throws InputError `FILE_NOT_FOUND`, `COPY_ONTO_DIRECTORY`, `COPY_ONTO_FILE`, `NOT_A_DIRECTORY`
 */
export async function copyFiles(request: CopyRequest): Promise<void> {
  const { action, target, source, signal } = request;
  const style = styleOf(request);
  const dest = bytesOfText(action.dest);
  if (!action.createDestPath) requireParent(target, dest);
  for (const copySource of findSources(source, action)) {
    signal.throwIfAborted();
    if (action.attemptUnpack && isFile(copySource.found)) {
      const unpacked = await request.unpack?.(copySource.found);
      if (unpacked !== undefined && unpacked !== null) {
        const at = target.resolve(dest).path;
        // A mode asked for is for what is copied; what is unpacked keeps its own, and its folder is an ordinary one.
        target.mkdirAll(at, { ...style.missingParent, mode: 0o755 });
        mergeUnpacked({ unpacked, target, at, owner: request.owner, keepsOrigins: request.keepsOrigins });
        continue;
      }
    }
    const at = prepareDestination(request, copySource, style);
    copyTree(request, { copySource, at, style });
  }
}

function styleOf({ action, owner, defaultMtimeNs }: CopyRequest): CopyStyle {
  let changeMode: ModeChange | undefined;
  let parentMode = 0o755;
  if (action.modeStr !== "") changeMode = parseMode(action.modeStr);
  else if (action.mode >= 0) {
    const mode = action.mode & 0o7777;
    changeMode = () => mode;
    parentMode = mode & 0o777;
  }
  const timeNs = action.timestampNs >= 0n ? action.timestampNs : undefined;
  return {
    copied(metadata, kind) {
      const { mode, uid, gid, mtimeNs, xattrs } = metadata;
      return metadataOf({
        mode: kind === "symlink" || changeMode === undefined ? mode : changeMode(mode, kind === "dir"),
        uid: owner?.uid ?? uid,
        gid: owner?.gid ?? gid,
        mtimeNs: timeNs ?? mtimeNs,
        xattrs,
      });
    },
    missingParent: {
      mode: parentMode,
      uid: owner?.uid ?? 0,
      gid: owner?.gid ?? 0,
      mtimeNs: timeNs ?? defaultMtimeNs,
    },
  };
}

function requireParent(target: PendingFilesystem, dest: string): void {
  const { path } = target.resolve(dest);
  if (target.lstat(parentOf(path)) !== undefined) return;
  throw new InputError("FILE_NOT_FOUND", `"/${textOfBytes(parentOf(path))}" not found`, {
    hint: "The folder that is copied into must exist here.",
    data: { path: `/${textOfBytes(parentOf(path))}` },
  });
}

/** Makes the folders above the destination and gives the path that the source itself is copied to. */
function prepareDestination(
  { action, target }: CopyRequest,
  { name, found }: CopySource,
  style: CopyStyle,
): BytePath {
  const dest = bytesOfText(action.dest);
  const isFolder = /(^|\/)\.?$/.test(dest);
  const folder = isFolder ? dest : dest.slice(0, dest.lastIndexOf("/") + 1);
  target.mkdirAll(target.resolve(folder).path, style.missingParent);

  // As it is written first: `..` means the folder by name, whatever links lead there.
  const resolved = target.resolve(cleaned(dest));
  const isDir = found.entry.kind === "dir";
  const isThere = resolved.found !== undefined;
  const intoFolder = isThere && (isDir ? !action.dirCopyContents : resolved.found?.entry.kind === "dir");
  const at = intoFolder
    ? ((resolved.path === "" ? name : `${resolved.path}/${name}`).replace(/\/$/, "") as BytePath)
    : resolved.path;
  // A folder whose content is copied is not copied itself: it is made like a missing parent.
  target.mkdirAll(isDir && action.dirCopyContents && !isThere ? at : parentOf(at), style.missingParent);
  return at;
}

function copyTree(
  request: CopyRequest,
  to: { copySource: CopySource; at: BytePath; style: CopyStyle },
): void {
  const { action, target, source, signal } = request;
  const { copySource, at, style } = to;
  const filter = filterOf(action);
  const inodes = new Map<object, InodeNode>();
  let count = 0;
  for (const selected of walkSelection(source, copySource.found, filter)) {
    if ((++count & 1023) === 0) signal.throwIfAborted();
    const { relativePath, lookup } = selected;
    const path = (relativePath === "" ? at : at === "" ? relativePath : `${at}/${relativePath}`) as BytePath;
    const existing = target.lstat(path);
    if (lookup.entry.kind === "dir") {
      copyDir({ selected, path, existing, request, style, hasIncludes: filter.include !== undefined });
      continue;
    }
    if (existing?.entry.kind === "dir") {
      if (!action.alwaysReplaceExistingDestPaths) throw ontoDirectory(path);
      target.remove(path);
    }
    target.set(
      path,
      copyOf(lookup, style, inodes),
      request.keepsOrigins ? () => source.readFile(lookup.entry.path) : undefined,
    );
  }
}

function copyDir(copy: {
  selected: SelectedEntry;
  path: BytePath;
  existing: Lookup | undefined;
  request: CopyRequest;
  style: CopyStyle;
  hasIncludes: boolean;
}): void {
  const { selected, path, existing, request, style } = copy;
  const { target, action } = request;
  const entry = selected.lookup.entry;
  if (entry.kind !== "dir") return;
  const isTop = selected.relativePath === "";
  if (existing !== undefined && existing.entry.kind !== "dir") {
    if (!action.alwaysReplaceExistingDestPaths) throw ontoFile(path);
    target.remove(path);
  }
  if (existing?.entry.kind !== "dir") return target.makeDir(path, style.copied(entry, "dir"));
  // What is at the destination already keeps its metadata; folders further down take the source's.
  if (isTop) return;
  if (selected.isSelected && !copy.hasIncludes)
    return target.setDirMetadata(path, style.copied(entry, "dir"));
  if (existing.entry.mode !== entry.mode)
    target.setDirMetadata(path, { ...metadataOf(existing.entry), mode: entry.mode });
}

function isFile(lookup: Lookup): boolean {
  return (lookup.linked ?? lookup.entry).kind === "file";
}

function ontoDirectory(path: BytePath): InputError {
  return new InputError(
    "COPY_ONTO_DIRECTORY",
    `cannot copy a file onto the directory "/${textOfBytes(path)}"`,
    {
      hint: "Remove the directory first, or copy to another name.",
      data: { path: `/${textOfBytes(path)}` },
    },
  );
}

function ontoFile(path: BytePath): InputError {
  return new InputError(
    "COPY_ONTO_FILE",
    `cannot copy a directory onto "/${textOfBytes(path)}", which is not a directory`,
    {
      hint: "Remove what is there first, or copy to another name. A symbolic link to a directory is no directory here.",
      data: { path: `/${textOfBytes(path)}` },
    },
  );
}
