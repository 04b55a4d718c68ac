import fs from "node:fs";
import { InputError, InvariantError } from "@slipway/oci";
import { fsPath, joinBytes, textOfBytes, type BytePath } from "../layer-index/byte-path.ts";
import type { Entry, EntryMetadata, LayerIndex } from "../layer-index/entry.ts";
import { Breather } from "../syscalls/breather.ts";
import { splitDevice } from "../syscalls/libc.ts";
import { identityOf } from "./file-identity.ts";

/**
 * What a scan does with a path: `include` takes it (and asks about what is in it), `descend` takes a folder only if
 * something in it is taken, `exclude` leaves it out with all that is in it.
 */
export type Selection = "include" | "descend" | "exclude";

export interface ScanFolderOptions {
  /** Asked for every path once, parents first; "" is not asked about. Absent: everything is included. */
  select?(path: BytePath, kind: "dir" | "other"): Selection;
  /** Keeps the numeric owners, as this process sees them; else everything is root's. */
  readonly keepOwner?: boolean;
  readonly signal: AbortSignal;
}

/**
 * The files of a host folder as an index whose contents stay where they are and are not read. As BuildKit's clients
 * send them: owner 0:0 (but see `keepOwner`), extended attributes left out, sockets as empty files. Names of one
 * file that are taken are hard links of the first of them. `folder` is absolute, in bytes; a symlink to a folder is
 * followed.
 * @throws InputError `CONTEXT_NOT_FOUND`, `CONTEXT_NOT_A_DIRECTORY`, `CONTEXT_UNREADABLE`
 */
export async function scanFolder(folder: string, options: ScanFolderOptions): Promise<LayerIndex> {
  checkFolder(folder);
  const scan = new FolderScan(folder, options);
  await scan.run();
  return { entries: scan.entries };
}

interface Frame {
  readonly path: BytePath;
  readonly names: readonly string[];
  next: number;
}

class FolderScan {
  readonly entries: Entry[] = [];
  readonly #folder: string;
  readonly #select: (path: BytePath, kind: "dir" | "other") => Selection;
  readonly #keepOwner: boolean;
  readonly #breather: Breather;
  /** Folders on the way down that are taken only if something in them is. */
  readonly #waiting: (Entry | undefined)[] = [];
  /** First taken names of files that have several, by device and inode. */
  readonly #firstNames = new Map<string, BytePath>();

  constructor(folder: string, options: ScanFolderOptions) {
    this.#folder = folder;
    this.#select = options.select?.bind(options) ?? (() => "include");
    this.#keepOwner = options.keepOwner === true;
    this.#breather = new Breather(options.signal);
  }

  async run(): Promise<void> {
    const stack: Frame[] = [{ path: "" as BytePath, names: this.#names(""), next: 0 }];
    while (stack.length > 0) {
      const frame = stack.at(-1)!;
      const name = frame.names[frame.next++];
      if (name === undefined) {
        stack.pop();
        this.#waiting.pop();
        continue;
      }
      const path = (frame.path === "" ? name : `${frame.path}/${name}`) as BytePath;
      if (this.#visit(path)) stack.push({ path, names: this.#names(path), next: 0 });
      if (this.#breather.due()) await this.#breather.rest();
    }
  }

  /** True when the scan goes down into `path`. */
  #visit(path: BytePath): boolean {
    const absolute = joinBytes(this.#folder, path);
    const stat = fs.lstatSync(fsPath(absolute), { bigint: true, throwIfNoEntry: false });
    // Gone since its folder was read.
    if (stat === undefined) return false;
    const selection = this.#select(path, stat.isDirectory() ? "dir" : "other");
    if (selection === "exclude") return false;
    if (!stat.isDirectory()) {
      if (selection === "include")
        this.#take(this.#furtherName(path, stat) ?? this.#entry(path, absolute, stat));
      return false;
    }
    const entry = this.#entry(path, absolute, stat);
    if (selection === "include") {
      this.#take(entry);
      this.#waiting.push(undefined);
    } else this.#waiting.push(entry);
    return true;
  }

  #take(entry: Entry): void {
    for (const [i, waiting] of this.#waiting.entries()) {
      if (waiting === undefined) continue;
      this.entries.push(waiting);
      this.#waiting[i] = undefined;
    }
    this.entries.push(entry);
  }

  /** The entry of a file that was taken under another name already. */
  #furtherName(path: BytePath, stat: fs.BigIntStats): Entry | undefined {
    if (stat.nlink < 2n || !stat.isFile()) return undefined;
    const inode = `${stat.dev}:${stat.ino}`;
    const target = this.#firstNames.get(inode);
    if (target !== undefined) return { kind: "hardlink", path, target };
    this.#firstNames.set(inode, path);
    return undefined;
  }

  #entry(path: BytePath, absolute: string, stat: fs.BigIntStats): Entry {
    const metadata = metadataOf(stat, this.#keepOwner);
    if (stat.isFile()) {
      const content = {
        kind: "host",
        path: absolute,
        identity: identityOf(stat),
        context: this.#folder,
      } as const;
      return { kind: "file", path, ...metadata, sizeBytes: Number(stat.size), content };
    }
    if (stat.isSocket()) {
      const content = { kind: "bytes", data: new Uint8Array() } as const;
      return { kind: "file", path, ...metadata, sizeBytes: 0, content };
    }
    if (stat.isDirectory()) return { kind: "dir", path, ...metadata };
    if (stat.isSymbolicLink()) {
      // Linux gives every symlink the mode 0777.
      return {
        kind: "symlink",
        path,
        ...metadata,
        target: fs.readlinkSync(fsPath(absolute), { encoding: "latin1" }),
      };
    }
    if (stat.isFIFO()) return { kind: "fifo", path, ...metadata };
    if (stat.isCharacterDevice()) return { kind: "char", path, ...metadata, ...splitDevice(stat.rdev) };
    if (stat.isBlockDevice()) return { kind: "block", path, ...metadata, ...splitDevice(stat.rdev) };
    throw new InvariantError(`"${textOfBytes(absolute)}" is of no known type`);
  }

  #names(path: string): string[] {
    const absolute = joinBytes(this.#folder, path);
    try {
      return fs.readdirSync(fsPath(absolute), { encoding: "latin1" }).sort(compareBytes);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === "ENOENT" || code === "ENOTDIR") return [];
      if (code === "EACCES" || code === "EPERM") throw unreadable(absolute, error);
      throw error;
    }
  }
}

function compareBytes(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function checkFolder(folder: string): void {
  const name = textOfBytes(folder);
  const stat = fs.statSync(fsPath(folder), { throwIfNoEntry: false });
  if (stat === undefined) {
    throw new InputError("CONTEXT_NOT_FOUND", `there is no folder "${name}"`, {
      hint: "Check the path of the build context.",
      data: { path: name },
    });
  }
  if (!stat.isDirectory()) {
    throw new InputError("CONTEXT_NOT_A_DIRECTORY", `"${name}" is not a folder`, {
      hint: "A build context is a folder; give a build file with --file.",
      data: { path: name },
    });
  }
}

function unreadable(path: string, cause: unknown): InputError<"CONTEXT_UNREADABLE"> {
  const name = textOfBytes(path);
  return new InputError("CONTEXT_UNREADABLE", `not allowed to read the folder "${name}"`, {
    hint: "Give yourself permission to read it, or exclude it with a .dockerignore file.",
    cause,
    data: { path: name },
  });
}

function metadataOf(stat: fs.BigIntStats, keepOwner: boolean): EntryMetadata {
  const [uid, gid] = keepOwner ? [Number(stat.uid), Number(stat.gid)] : [0, 0];
  return { mode: Number(stat.mode) & 0o7777, uid, gid, mtimeNs: stat.mtimeNs };
}
