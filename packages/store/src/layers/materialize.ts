import fs from "node:fs";
import { unreachable } from "@slipway/oci";
import { fsPath, joinBytes } from "../layer-index/byte-path.ts";
import type {
  DirEntry,
  Entry,
  EntryMetadata,
  FileEntry,
  FileIdentity,
  LayerIndex,
} from "../layer-index/entry.ts";
import { ownerNotMapped } from "../archive/archive-error.ts";
import { Breather } from "../syscalls/breather.ts";
import { errnoOf } from "../syscalls/fs-errors.ts";
import { libc, S_IFBLK, S_IFCHR, S_IFIFO } from "../syscalls/libc.ts";
import { ContentCopier } from "./copy-content.ts";
import { makeOpaque, makeWhiteout } from "./overlay-form.ts";
import { isLayerXattr, isOverlayXattr, readXattrs, sameXattrs } from "./xattrs.ts";

/** Where the content of a file is read when a tree is made. Paths are bytes, absolute. */
export type TreeContent =
  | { readonly kind: "bytes"; readonly data: Uint8Array }
  /** `immutable`: in a tree of the store, so that a hard link to it is as good as a copy. */
  | {
      readonly kind: "file";
      readonly path: string;
      readonly identity?: FileIdentity;
      readonly immutable: boolean;
    };

export interface MaterializeOptions {
  contentOf(entry: FileEntry): TreeContent;
  readonly signal: AbortSignal;
  /** False when the tree is going to be written to. */
  readonly allowHardlinks: boolean;
}

/**
 * Makes an index real in overlayfs form, in the empty folder `folder` (bytes). Owners, modes, times in nanoseconds,
 * extended attributes, devices, hard links and holes are as the index says.
 * @returns bytes of disk that the new files take, roughly.
 * @throws InputError `CONTEXT_CHANGED` for a host file that is not what the index says.
 */
export async function materialize(
  index: LayerIndex,
  folder: string,
  options: MaterializeOptions,
): Promise<number> {
  const tree = new TreeMaker(folder, options);
  const breather = new Breather(options.signal);
  for (const entry of index.entries) {
    tree.make(entry);
    if (breather.due()) await breather.rest();
  }
  tree.finish();
  return tree.sizeBytes;
}

const ROOT: DirEntry = {
  kind: "dir",
  path: "" as DirEntry["path"],
  mode: 0o755,
  uid: 0,
  gid: 0,
  mtimeNs: 0n,
};

class TreeMaker {
  sizeBytes = 0;
  readonly #folder: string;
  readonly #options: MaterializeOptions;
  readonly #copier = new ContentCopier();
  /** Parents first; they get their metadata last, when nothing changes their mtime any more. */
  readonly #dirs: DirEntry[] = [ROOT];
  readonly #uid = process.geteuid?.() ?? 0;
  readonly #gid = process.getegid?.() ?? 0;

  constructor(folder: string, options: MaterializeOptions) {
    this.#folder = folder;
    this.#options = options;
  }

  make(entry: Entry): void {
    const path = joinBytes(this.#folder, entry.path);
    switch (entry.kind) {
      case "dir":
        if (entry.path === "") this.#dirs[0] = entry;
        else {
          fs.mkdirSync(fsPath(path), 0o700);
          this.#dirs.push(entry);
        }
        return;
      case "file":
        this.#file(entry, path);
        return;
      case "symlink":
        fs.symlinkSync(fsPath(entry.target), fsPath(path));
        break;
      case "hardlink":
        fs.linkSync(fsPath(joinBytes(this.#folder, entry.target)), fsPath(path));
        return;
      case "char":
        libc().makeNode(path, S_IFCHR, entry);
        break;
      case "block":
        libc().makeNode(path, S_IFBLK, entry);
        break;
      case "fifo":
        libc().makeNode(path, S_IFIFO, { major: 0, minor: 0 });
        break;
      case "whiteout":
        makeWhiteout(path);
        return;
      default:
        unreachable(entry);
    }
    this.#metadata(entry, path);
  }

  finish(): void {
    for (const entry of this.#dirs.reverse()) {
      const path = joinBytes(this.#folder, entry.path);
      if (entry.opaque === true) makeOpaque(path);
      this.#metadata(entry, path);
    }
  }

  #file(entry: FileEntry, path: string): void {
    const content = this.#options.contentOf(entry);
    if (content.kind === "bytes") fs.writeFileSync(fsPath(path), content.data, { flag: "wx", mode: 0o600 });
    else if (content.immutable && this.#options.allowHardlinks && linkWhenSame(content.path, path, entry))
      return;
    else {
      this.#copier.copy(content.path, path, content.identity);
      this.sizeBytes += entry.sizeBytes;
    }
    this.#metadata(entry, path);
  }

  #own({ uid, gid }: EntryMetadata, path: string): void {
    try {
      fs.lchownSync(fsPath(path), uid, gid);
    } catch (error) {
      if (errnoOf(error) !== "EINVAL") throw error;
      const advice = "Or give the files to root where they are added, with --chown=0:0.";
      throw ownerNotMapped(path.slice(this.#folder.length + 1), { uid, gid }, advice);
    }
  }

  #metadata(entry: EntryMetadata & { readonly kind: Entry["kind"] }, path: string): void {
    if (entry.uid !== this.#uid || entry.gid !== this.#gid) this.#own(entry, path);
    // Changing the owner clears capabilities and setuid, so these come after; the mtime is last.
    for (const [name, value] of entry.xattrs ?? []) {
      if (isOverlayXattr(name)) continue;
      try {
        libc().setXattr(path, name, value);
      } catch (error) {
        // In a user namespace `trusted.*` can't be set, and nothing in there could read it.
        if (!(name.startsWith("trusted.") && errnoOf(error) === "EPERM")) throw error;
      }
    }
    if (entry.kind !== "symlink") fs.chmodSync(fsPath(path), entry.mode);
    libc().setMtime(path, entry.mtimeNs);
  }
}

/** Links `to` to an immutable file when that has just the metadata that `entry` wants. */
function linkWhenSame(from: string, to: string, entry: FileEntry): boolean {
  const stat = fs.lstatSync(fsPath(from), { bigint: true });
  if (
    stat.mtimeNs !== entry.mtimeNs ||
    (Number(stat.mode) & 0o7777) !== entry.mode ||
    Number(stat.uid) !== entry.uid ||
    Number(stat.gid) !== entry.gid ||
    !sameXattrs(readXattrs(from, isLayerXattr), entry.xattrs)
  ) {
    return false;
  }
  try {
    fs.linkSync(fsPath(from), fsPath(to));
    return true;
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "EMLINK" || code === "EPERM" || code === "EXDEV") return false;
    throw error;
  }
}
