import { closeSync, fchmodSync, fchownSync, futimesSync, openSync, write, writeSync } from "node:fs";
import { chmod, lchown, link, lutimes, mkdir, symlink } from "node:fs/promises";
import { promisify } from "node:util";
import { InvariantError } from "@slipway/oci";
import type { ProgressSink } from "@slipway/engine-sdk";
import { clampTime } from "./clamp-time.ts";
import { shownPath } from "./entry-path.ts";
import { makeNode } from "./make-device.ts";
import type { TreeEntry } from "./platform-trees.ts";

/** More than this is written in the thread pool. */
const SMALL_BYTES = 64 * 1024;

/** A folder whose mode, owner and times are set once everything is in it. */
export interface StagedFolder {
  readonly path: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtimeSeconds: number;
}

/** What a folder could not be given, by how many files. */
export interface Lost {
  nodes: number;
  attributes: number;
  owners: number;
}

export interface StageOptions {
  readonly epochSeconds: number | undefined;
  /** Owners are kept: for root only. */
  readonly owners: boolean;
  readonly signal: AbortSignal;
  /** Counted up. */
  readonly lost: Lost;
  readonly report: (doneBytes: number) => void;
}

/** A path of bytes below a folder, as the file system calls want it. */
export function bytesBelow(root: string, path: string): Buffer {
  return Buffer.concat([Buffer.from(`${root}/`, "utf8"), Buffer.from(path, "latin1")]);
}

function seconds(ns: bigint): number {
  return Number(ns / 1_000_000n) / 1000;
}

/**
 * Writes entries below a new, empty folder that nobody else writes to. Nothing is followed or replaced: every name is
 * new, and the entries were checked to have real folders above them.
 * @returns the folders, parents first, whose metadata is still to be set.
 */
export async function stageTree(
  root: string,
  entries: AsyncIterable<TreeEntry>,
  options: StageOptions,
): Promise<StagedFolder[]> {
  const folders: StagedFolder[] = [];
  const { lost } = options;
  let doneBytes = 0;
  for await (const entry of entries) {
    options.signal.throwIfAborted();
    const file = bytesBelow(root, entry.path);
    const mtimeSeconds = seconds(clampTime(entry.mtimeNs, options.epochSeconds));
    if (entry.kind !== "hardlink" && entry.xattrs.size > 0) lost.attributes++;
    switch (entry.kind) {
      case "dir":
        await mkdir(file, 0o700);
        folders.push({ path: entry.path, mode: entry.mode, uid: entry.uid, gid: entry.gid, mtimeSeconds });
        continue;
      case "hardlink":
        await link(bytesBelow(root, entry.linkname ?? ""), file).catch((error: NodeJS.ErrnoException) => {
          // Its first name was a device that could not be made.
          if (error.code !== "ENOENT") throw error;
        });
        continue;
      case "symlink":
        await symlink(Buffer.from(entry.linkname ?? "", "latin1"), file);
        break;
      case "file":
        doneBytes += await writeFileEntry(file, entry, { ...options, mtimeSeconds });
        options.report(doneBytes);
        continue;
      default:
        if (!(await makeNode(file, { kind: entry.kind, major: entry.major, minor: entry.minor }))) {
          lost.nodes++;
          continue;
        }
        await chmod(file, entry.mode & 0o7777);
    }
    if (options.owners) await own(lost, () => lchown(file, entry.uid, entry.gid));
    await lutimes(file, mtimeSeconds, mtimeSeconds);
  }
  return folders;
}

const writeLater = promisify(write);

/** Gives how many bytes were written. */
async function writeSome(fd: number, chunk: Buffer, from: number): Promise<number> {
  if (chunk.length - from <= SMALL_BYTES) return writeSync(fd, chunk, from);
  return (await writeLater(fd, chunk, from)).bytesWritten;
}

async function writeFileEntry(
  file: Buffer,
  entry: TreeEntry,
  options: StageOptions & { mtimeSeconds: number },
): Promise<number> {
  // In the thread pool, each of these calls would take longer than it does: there may be 100,000 small files.
  const fd = openSync(file, "wx", 0o600);
  let sizeBytes = 0;
  try {
    if (entry.sizeBytes > 0) {
      if (!entry.open) throw new InvariantError(`the file ${shownPath(entry.path)} has no content`);
      for await (const chunk of entry.open() as AsyncIterable<Buffer>) {
        options.signal.throwIfAborted();
        sizeBytes += chunk.length;
        for (let done = 0; done < chunk.length;) done += await writeSome(fd, chunk, done);
      }
    }
    if (sizeBytes !== entry.sizeBytes) {
      throw new InvariantError(
        `the file ${shownPath(entry.path)} has not the ${entry.sizeBytes} bytes that its entry says`,
      );
    }
    // In this order: a change of owner takes setuid away.
    if (options.owners) await own(options.lost, () => fchownSync(fd, entry.uid, entry.gid));
    fchmodSync(fd, entry.mode & 0o7777);
    futimesSync(fd, options.mtimeSeconds, options.mtimeSeconds);
  } finally {
    closeSync(fd);
  }
  return sizeBytes;
}

/** A user namespace need not have the owner: the file then stays the user's, as without root. */
async function own(lost: Lost, change: () => Promise<void> | void): Promise<void> {
  try {
    await change();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EINVAL") throw error;
    lost.owners++;
  }
}

/** Warns of what the folder lacks. */
export function tellLosses(lost: Lost, progress: ProgressSink): void {
  if (lost.owners > 0) {
    progress({
      kind: "warning",
      code: "EXPORT_OWNERS_DROPPED",
      message: `${lost.owners} files and folders belong to you instead of to owners that this user namespace does not have`,
      hint: "Use type=tar, which keeps them, or list your user in /etc/subuid and /etc/subgid.",
    });
  }
  if (lost.nodes > 0) {
    progress({
      kind: "warning",
      code: "EXPORT_NODES_SKIPPED",
      message: `${lost.nodes} devices or pipes could not be made in the folder`,
      hint: "Run as root, or use type=tar, which keeps them.",
    });
  }
  if (lost.attributes > 0) {
    progress({
      kind: "warning",
      code: "EXPORT_XATTRS_DROPPED",
      message: `extended attributes of ${lost.attributes} files (such as capabilities) are not kept in a folder`,
      hint: "Use type=tar, which keeps them.",
    });
  }
}

/** Sets what folders are to have in the end, innermost first: a folder may become read-only, and times change with what is in it. */
export async function finishFolders(
  root: string,
  folders: readonly StagedFolder[],
  { owners, lost }: { readonly owners: boolean; readonly lost: Lost },
): Promise<void> {
  for (const folder of folders.toReversed()) {
    const file = bytesBelow(root, folder.path);
    if (owners) await own(lost, () => lchown(file, folder.uid, folder.gid));
    await chmod(file, folder.mode & 0o7777);
    await lutimes(file, folder.mtimeSeconds, folder.mtimeSeconds);
  }
}
