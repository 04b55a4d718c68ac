import fs from "node:fs";
import { fsPath, joinBytes, type BytePath } from "../layer-index/byte-path.ts";
import type { Entry, EntryMetadata, FileEntry, LayerIndex } from "../layer-index/entry.ts";
import type { Lookup, MergedView } from "../contracts.ts";
import { Breather } from "../syscalls/breather.ts";
import { libc, splitDevice } from "../syscalls/libc.ts";
import { readsAsOpaque } from "./overlay-form.ts";
import { hasContent } from "./same-content.ts";
import { isLayerXattr, sameXattrs } from "./xattrs.ts";

export interface UpperScan {
  readonly index: LayerIndex;
  /** Of disk. */
  readonly sizeBytes: number;
}

export interface ScanUpperOptions {
  /** What the upper folder was laid over. */
  readonly lower: Pick<MergedView, "lstat" | "list" | "open">;
  /** Paths that were offered as mount points: a folder of these that only came up with nothing in it is no change. */
  readonly offered: ReadonlySet<string>;
  /** What the root's metadata was before. */
  readonly rootBefore: EntryMetadata;
  readonly signal: AbortSignal;
}

/**
 * The changes that an upper folder of overlayfs holds, as an index whose contents are in that folder. Left out are
 * whiteouts of nothing and folders that overlayfs copied up and nobody changed. Sockets are deleted, and so are files that
 * overlayfs copied up for a change that changed nothing (`chmod -R` of what has the mode already): they would only double
 * what is below, and part it from its hard links.
 * A folder is opaque in the index only when it hides something: overlayfs marks most new folders so.
 */
export async function scanUpper(folder: string, options: ScanUpperOptions): Promise<UpperScan> {
  const scan = new Scan(folder, options);
  await scan.run();
  return { index: { entries: scan.entries }, sizeBytes: scan.sizeBytes };
}

interface Frame {
  readonly path: BytePath;
  readonly names: readonly string[];
  /** True when an upper folder above hides all of the lower layers here. */
  readonly detached: boolean;
  next: number;
}

type Leaf = Exclude<Entry, { readonly kind: "hardlink" | "whiteout" | "dir" }>;

const TREE = Object.freeze({ kind: "tree" } as const);

class Scan {
  readonly entries: Entry[] = [];
  sizeBytes = 0;
  readonly #folder: string;
  readonly #options: ScanUpperOptions;
  readonly #waiting: (Entry | undefined)[] = [];
  readonly #firstNames = new Map<bigint, BytePath>();

  constructor(folder: string, options: ScanUpperOptions) {
    this.#folder = folder;
    this.#options = options;
  }

  async run(): Promise<void> {
    const breather = new Breather(this.#options.signal);
    this.#root();
    const stack: Frame[] = [{ path: "" as BytePath, names: this.#names(""), detached: false, next: 0 }];
    while (stack.length > 0) {
      const frame = stack.at(-1)!;
      const name = frame.names[frame.next++];
      if (name === undefined) {
        stack.pop();
        this.#waiting.pop();
        continue;
      }
      const path = (frame.path === "" ? name : `${frame.path}/${name}`) as BytePath;
      const below = this.#visit(path, frame.detached);
      if (below !== undefined)
        stack.push({ path, names: this.#names(path), detached: below.detached, next: 0 });
      if (breather.due()) await breather.rest();
    }
  }

  #root(): void {
    const stat = fs.lstatSync(fsPath(this.#folder), { bigint: true });
    const metadata = metadataOf(stat, this.#xattrs(this.#folder, libc().listXattrs(this.#folder)));
    const before = this.#options.rootBefore;
    // The root's mtime changes whenever something is made in it; alone it is no change.
    const changed =
      metadata.mode !== before.mode ||
      metadata.uid !== before.uid ||
      metadata.gid !== before.gid ||
      !sameXattrs(metadata.xattrs, before.xattrs);
    if (changed) this.entries.push({ kind: "dir", path: "" as BytePath, ...metadata });
  }

  #names(path: string): string[] {
    return fs.readdirSync(fsPath(joinBytes(this.#folder, path)), { encoding: "latin1" }).sort();
  }

  /** For a folder, what the scan needs to go down. */
  #visit(path: BytePath, detached: boolean): { detached: boolean } | undefined {
    const absolute = joinBytes(this.#folder, path);
    const stat = fs.lstatSync(fsPath(absolute), { bigint: true });
    if (stat.isSocket()) {
      this.#remove(absolute);
      return undefined;
    }
    if (stat.isCharacterDevice() && stat.rdev === 0n) {
      if (!detached && this.#options.lower.lstat(path) !== undefined) this.#take({ kind: "whiteout", path });
      return undefined;
    }
    if (stat.isDirectory()) return this.#dir({ path, absolute, stat, detached });
    if (stat.nlink > 1n) {
      const target = this.#firstNames.get(stat.ino);
      if (target !== undefined) {
        this.#take({ kind: "hardlink", path, target });
        return undefined;
      }
      this.#firstNames.set(stat.ino, path);
    }
    const leaf = this.#leaf(path, absolute, stat);
    if (stat.nlink === 1n && !detached && this.#isCopy(leaf, absolute)) {
      this.#remove(absolute);
      return undefined;
    }
    this.#take(leaf);
    this.sizeBytes += Number(stat.blocks) * 512;
    return undefined;
  }

  #dir(dir: { path: BytePath; absolute: string; stat: fs.BigIntStats; detached: boolean }): {
    detached: boolean;
  } {
    const { path, absolute, stat } = dir;
    const names = libc().listXattrs(absolute);
    const metadata = metadataOf(stat, this.#xattrs(absolute, names));
    const marked = readsAsOpaque(absolute, names);
    const { lower, offered } = this.#options;
    const before = dir.detached ? undefined : lower.lstat(path)?.entry;
    const hides = marked && before?.kind === "dir" && lower.list(path)!.length > 0;
    const entry: Entry = hides
      ? { kind: "dir", path, ...metadata, opaque: true }
      : { kind: "dir", path, ...metadata };
    const unchanged =
      before === undefined ? offered.has(path) : before.kind === "dir" && sameMetadata(before, metadata);
    if (unchanged && !hides) this.#waiting.push(entry);
    else {
      this.#take(entry);
      this.#waiting.push(undefined);
    }
    return { detached: dir.detached || marked || before?.kind !== "dir" };
  }

  /** Deletes a file; its folder keeps its time, which the index has as it was. */
  #remove(absolute: string): void {
    const folder = absolute.slice(0, absolute.lastIndexOf("/"));
    const { mtimeNs } = fs.lstatSync(fsPath(folder), { bigint: true });
    fs.unlinkSync(fsPath(absolute));
    libc().setMtime(folder, mtimeNs);
  }

  /** Whether the lower layers have the same already. */
  #isCopy(leaf: Leaf, absolute: string): boolean {
    const { lower } = this.#options;
    const found = lower.lstat(leaf.path);
    const before = found?.linked ?? found?.entry;
    if (found === undefined || before === undefined || before.kind === "hardlink") return false;
    if (before.kind === "dir" || !sameMetadata(before, leaf)) return false;
    switch (leaf.kind) {
      case "symlink":
        return before.kind === "symlink" && before.target === leaf.target;
      case "file":
        if (before.kind !== "file" || before.sizeBytes !== leaf.sizeBytes) return false;
        return this.#holdsTheSame(absolute, found);
      // Nobody counts on these being left out.
      default:
        return false;
    }
  }

  #holdsTheSame(absolute: string, found: Lookup): boolean {
    try {
      return hasContent(absolute, this.#options.lower.open(found));
    } catch {
      // What is below may be a file of the context that somebody edits at this moment: then ours counts as new.
      return false;
    }
  }

  #leaf(path: BytePath, absolute: string, stat: fs.BigIntStats): Leaf {
    const names = libc().listXattrs(absolute);
    readsAsOpaque(absolute, names);
    const metadata = metadataOf(stat, this.#xattrs(absolute, names));
    if (stat.isFile()) {
      const entry: FileEntry = {
        kind: "file",
        path,
        ...metadata,
        sizeBytes: Number(stat.size),
        content: TREE,
      };
      return entry;
    }
    if (stat.isSymbolicLink()) {
      return {
        kind: "symlink",
        path,
        ...metadata,
        target: fs.readlinkSync(fsPath(absolute), { encoding: "latin1" }),
      };
    }
    if (stat.isFIFO()) return { kind: "fifo", path, ...metadata };
    return { kind: stat.isBlockDevice() ? "block" : "char", path, ...metadata, ...splitDevice(stat.rdev) };
  }

  #xattrs(absolute: string, names: readonly string[]): Map<string, Uint8Array> | undefined {
    if (names.length === 0) return undefined;
    const kept = names.filter(isLayerXattr).sort();
    if (kept.length === 0) return undefined;
    const xattrs = new Map<string, Uint8Array>();
    for (const name of kept) {
      const value = libc().getXattr(absolute, name);
      if (value !== undefined) xattrs.set(name, value);
    }
    return xattrs;
  }

  #take(entry: Entry): void {
    for (const [i, waiting] of this.#waiting.entries()) {
      if (waiting === undefined) continue;
      this.entries.push(waiting);
      this.#waiting[i] = undefined;
    }
    this.entries.push(entry);
  }
}

function metadataOf(stat: fs.BigIntStats, xattrs: Map<string, Uint8Array> | undefined): EntryMetadata {
  const metadata = {
    mode: Number(stat.mode) & 0o7777,
    uid: Number(stat.uid),
    gid: Number(stat.gid),
    mtimeNs: stat.mtimeNs,
  };
  return xattrs === undefined ? metadata : { ...metadata, xattrs };
}

function sameMetadata(a: EntryMetadata, b: EntryMetadata): boolean {
  return (
    a.mode === b.mode &&
    a.uid === b.uid &&
    a.gid === b.gid &&
    a.mtimeNs === b.mtimeNs &&
    sameXattrs(a.xattrs, b.xattrs)
  );
}
