import type { Entry, FileEntry, HardlinkEntry, LayerIndex } from "../layer-index/entry.ts";
import { archiveError } from "./archive-error.ts";
import type { MetadataEntry, PackContent } from "./contracts.ts";
import { appendHeader, reserve } from "./tar-header.ts";
import type { GrowingBuffer } from "./tar-header.ts";
import { BLOCK_BYTES, OPAQUE_MARKER, paddingBytes, TarType, WHITEOUT_PREFIX } from "./tar-format.ts";

/**
 * A stretch of a tar: `literals` is written as it is, and after byte `fileAt[i]` of it come the content of file `i`
 * and its padding. Plain arrays, so that it crosses to a worker cheaply.
 */
export interface TarBatch {
  readonly literals: Uint8Array<ArrayBuffer>;
  readonly fileAt: readonly number[];
  /** Absolute, in bytes. */
  readonly paths: readonly string[];
  readonly sizes: readonly number[];
  /** Five numbers for each file (dev, ino, size, mtime, ctime, as 64 bits); `size` is -1 when nothing is to be checked. */
  readonly identities: BigInt64Array<ArrayBuffer>;
}

const BATCH_BYTES = 1 << 20;
const BATCH_FILES = 2048;

/** What `planTar` needs to know. */
export interface TarPlanRequest {
  readonly index: LayerIndex;
  resolveContent(entry: FileEntry): PackContent;
  readonly rewriteTimestampSeconds?: number;
}

/** The tar of a layer, in order, without the content of files. Ends with the two zero blocks. */
export function* planTar(request: TarPlanRequest): Generator<TarBatch, void> {
  const latestNs =
    request.rewriteTimestampSeconds === undefined
      ? undefined
      : BigInt(request.rewriteTimestampSeconds) * 1_000_000_000n;
  const originals = new Map<string, MetadataEntry>();
  for (const entry of request.index.entries) {
    if (entry.kind === "hardlink") originals.set(entry.target, undefined as never);
  }
  let batch = new BatchBuilder();
  for (const entry of request.index.entries) {
    if (
      originals.size > 0 &&
      entry.kind !== "hardlink" &&
      entry.kind !== "whiteout" &&
      originals.has(entry.path)
    ) {
      originals.set(entry.path, entry);
    }
    appendEntry(batch, entry, { request, latestNs, originals });
    if (batch.isFull()) {
      yield batch.finish();
      batch = new BatchBuilder();
    }
  }
  batch.zeros(2 * BLOCK_BYTES);
  yield batch.finish();
}

/** Bytes that the tar will have, near enough for a progress bar. */
export function estimateTarBytes(index: LayerIndex): number {
  let total = 2 * BLOCK_BYTES;
  for (const entry of index.entries) {
    total += entry.kind === "whiteout" || entry.kind === "hardlink" ? BLOCK_BYTES : 3 * BLOCK_BYTES;
    if (entry.kind === "file") total += entry.sizeBytes + paddingBytes(entry.sizeBytes);
  }
  return total;
}

interface EntryContext {
  readonly request: TarPlanRequest;
  readonly latestNs: bigint | undefined;
  /** Entries that hard links name; undefined until they were written. */
  readonly originals: ReadonlyMap<string, MetadataEntry | undefined>;
}

function appendEntry(batch: BatchBuilder, entry: Entry, context: EntryContext): void {
  const { path } = entry;
  const slash = path.lastIndexOf("/");
  if (entry.kind === "whiteout")
    return appendMarker(batch, path.slice(0, slash + 1) + WHITEOUT_PREFIX + path.slice(slash + 1));
  if (entry.kind === "hardlink") return appendHardlink(batch, entry, context);
  if (entry.kind === "dir" && entry.implied === true) return;

  const mtimeNs =
    context.latestNs !== undefined && entry.mtimeNs > context.latestNs ? context.latestNs : entry.mtimeNs;
  const { mode, uid, gid, xattrs } = entry;
  const common = { name: path as string, sizeBytes: 0, mode, uid, gid, mtimeNs, xattrs };
  switch (entry.kind) {
    case "file":
      appendHeader(batch.out, { ...common, type: TarType.file, sizeBytes: entry.sizeBytes });
      if (entry.sizeBytes > 0) batch.content(entry, context.request.resolveContent(entry));
      return;
    case "dir":
      appendHeader(batch.out, { ...common, name: path === "" ? "./" : `${path}/`, type: TarType.dir });
      if (entry.opaque === true)
        appendMarker(batch, path === "" ? OPAQUE_MARKER : `${path}/${OPAQUE_MARKER}`);
      return;
    case "symlink":
      // The kernel has no mode for symlinks; every tool writes 0777.
      return appendHeader(batch.out, {
        ...common,
        mode: 0o777,
        type: TarType.symlink,
        linkName: entry.target,
      });
    case "char":
    case "block":
      return appendHeader(batch.out, {
        ...common,
        type: entry.kind === "char" ? TarType.char : TarType.block,
        major: entry.major,
        minor: entry.minor,
      });
    case "fifo":
      return appendHeader(batch.out, { ...common, type: TarType.fifo });
  }
}

function appendHardlink(batch: BatchBuilder, entry: HardlinkEntry, context: EntryContext): void {
  const original = context.originals.get(entry.target);
  if (original === undefined) {
    throw archiveError(
      "ARCHIVE_HARDLINK_TARGET",
      `hard link to "${entry.target}", which does not come before it`,
      entry.path,
    );
  }
  // Extractors apply a hard link's metadata to the file itself, so it must be the file's.
  const { mode, uid, gid } = original;
  const mtimeNs =
    context.latestNs !== undefined && original.mtimeNs > context.latestNs
      ? context.latestNs
      : original.mtimeNs;
  appendHeader(batch.out, {
    name: entry.path,
    type: TarType.hardlink,
    sizeBytes: 0,
    mode,
    uid,
    gid,
    mtimeNs,
    linkName: entry.target,
  });
}

function appendMarker(batch: BatchBuilder, name: string): void {
  appendHeader(batch.out, { name, type: TarType.file, sizeBytes: 0, mode: 0, uid: 0, gid: 0, mtimeNs: 0n });
}

class BatchBuilder {
  readonly out: GrowingBuffer = { bytes: Buffer.allocUnsafeSlow(BATCH_BYTES + 65536), end: 0 };
  readonly #fileAt: number[] = [];
  readonly #paths: string[] = [];
  readonly #sizes: number[] = [];
  readonly #identities: bigint[] = [];

  isFull(): boolean {
    return this.out.end >= BATCH_BYTES || this.#paths.length >= BATCH_FILES;
  }

  content(entry: FileEntry, content: PackContent): void {
    if (content.kind === "bytes") {
      reserve(this.out, content.data.length + BLOCK_BYTES);
      this.out.bytes.set(content.data, this.out.end);
      this.out.end += content.data.length;
      this.zeros(paddingBytes(content.data.length));
      return;
    }
    this.#fileAt.push(this.out.end);
    this.#paths.push(content.path);
    this.#sizes.push(entry.sizeBytes);
    const id = content.identity;
    if (id === undefined) this.#identities.push(0n, 0n, -1n, 0n, 0n);
    else this.#identities.push(id.dev, id.ino, BigInt(id.sizeBytes), id.mtimeNs, id.ctimeNs);
  }

  zeros(count: number): void {
    reserve(this.out, count);
    this.out.bytes.fill(0, this.out.end, this.out.end + count);
    this.out.end += count;
  }

  finish(): TarBatch {
    return {
      literals: this.out.bytes.subarray(0, this.out.end) as Uint8Array<ArrayBuffer>,
      fileAt: this.#fileAt,
      paths: this.#paths,
      sizes: this.#sizes,
      identities: BigInt64Array.from(this.#identities),
    };
  }
}
