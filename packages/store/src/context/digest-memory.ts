import fs from "node:fs";
import { digestHex, type Digest } from "@slipway/oci";
import type { FileIdentity } from "../layer-index/entry.ts";
import { sameIdentity } from "./file-identity.ts";

// The digests of host files from build to build, which hold as long as a file's ctime stays. One compact file for each
// scanned folder: sorted fixed-size records that are searched where they lie, so that opening the memory of 50,000 files
// is one read.
//
// A file: magic (8 bytes), number of records (8), then each column for all records: ino, dev, size, mtime, ctime
// (8 bytes each, native order), digests (32 bytes each). Sorted by ino, then dev.

const MAGIC = Buffer.from("slipdig3", "latin1");
const COLUMNS = 5;
const MOST_RECORDS = 400_000;

/**
 * A file whose times are this close to the moment of hashing could change again without showing it, with coarse
 * clocks: it is not remembered.
 */
const RACY_NS = 2_000_000_000n;

interface Known {
  readonly identity: FileIdentity;
  readonly digest: Digest;
}

/** What is known by identity for the files of one folder. Damage of the file makes it forgetful, nothing else. */
export class DigestMemory {
  readonly #file: string;
  readonly #learned = new Map<string, Known>();
  #columns: BigInt64Array = new BigInt64Array(0);
  #digests: Buffer = Buffer.alloc(0);
  #count = 0;

  constructor(file: string) {
    this.#file = file;
    this.#load();
  }

  /** The digest of exactly this file in exactly this state, or undefined. */
  get(identity: FileIdentity): Digest | undefined {
    return this.#known(identity)?.digest;
  }

  /** Remembers a digest that was computed from a read that began at `readAtMs`, unless the file may have changed since. */
  set(identity: FileIdentity, digest: Digest, readAtMs: number): void {
    this.#learn({ identity, digest }, readAtMs);
  }

  #learn(known: Known, readAtMs: number): void {
    const { identity } = known;
    const racyFrom = BigInt(Math.floor(readAtMs)) * 1_000_000n - RACY_NS;
    if (identity.mtimeNs >= racyFrom || identity.ctimeNs >= racyFrom) return;
    this.#learned.set(keyOf(identity), known);
  }

  #known(identity: FileIdentity): Known | undefined {
    const learned = this.#learned.size === 0 ? undefined : this.#learned.get(keyOf(identity));
    const known = learned ?? this.#record(this.#find(identity));
    return known !== undefined && sameIdentity(known.identity, identity) ? known : undefined;
  }

  #record(at: number): Known | undefined {
    if (at < 0) return undefined;
    const n = this.#count;
    const identity: FileIdentity = {
      ino: this.#columns[at]!,
      dev: this.#columns[n + at]!,
      sizeBytes: Number(this.#columns[2 * n + at]),
      mtimeNs: this.#columns[3 * n + at]!,
      ctimeNs: this.#columns[4 * n + at]!,
    };
    return {
      identity,
      digest: `sha256:${this.#digests.toString("hex", at * 32, at * 32 + 32)}` as Digest,
    };
  }

  /** Writes what was learned; `temporary` is a free path on the same filesystem. */
  save(temporary: string): void {
    if (this.#learned.size === 0) return;
    const records: Known[] = [...this.#learned.values()];
    for (let i = 0; i < this.#count && records.length < MOST_RECORDS; i++) {
      const record = this.#record(i)!;
      if (!this.#learned.has(keyOf(record.identity))) records.push(record);
    }
    records.sort((a, b) => compare(a.identity, b.identity));
    fs.writeFileSync(temporary, encode(records), { mode: 0o600 });
    fs.renameSync(temporary, this.#file);
  }

  #load(): void {
    let bytes: Buffer;
    try {
      bytes = fs.readFileSync(this.#file);
    } catch {
      return;
    }
    if (bytes.length < 16 || !bytes.subarray(0, 8).equals(MAGIC)) return;
    const count = Number(bytes.readBigUInt64LE(8));
    if (bytes.length !== 16 + count * (COLUMNS * 8 + 32)) return;
    const digestsAt = 16 + count * COLUMNS * 8;
    // A view needs its offset aligned, which a pooled buffer's may not be.
    this.#columns =
      bytes.byteOffset % 8 === 0
        ? new BigInt64Array(bytes.buffer, bytes.byteOffset + 16, count * COLUMNS)
        : new BigInt64Array(Uint8Array.prototype.slice.call(bytes, 16, digestsAt).buffer);
    this.#digests = bytes.subarray(digestsAt);
    this.#count = count;
  }

  #find({ ino, dev }: FileIdentity): number {
    let low = 0;
    let high = this.#count - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const thisIno = this.#columns[middle]!;
      if (thisIno === ino) {
        const thisDev = this.#columns[this.#count + middle]!;
        if (thisDev === dev) return middle;
        if (thisDev < dev) low = middle + 1;
        else high = middle - 1;
      } else if (thisIno < ino) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }
}

function encode(records: readonly Known[]): Buffer {
  const n = records.length;
  const columns = new BigInt64Array(n * COLUMNS);
  const digests = Buffer.alloc(n * 32);
  for (const [i, { identity, digest }] of records.entries()) {
    columns[i] = identity.ino;
    columns[n + i] = identity.dev;
    columns[2 * n + i] = BigInt(identity.sizeBytes);
    columns[3 * n + i] = identity.mtimeNs;
    columns[4 * n + i] = identity.ctimeNs;
    digests.write(digestHex(digest), i * 32, 32, "hex");
  }
  const head = Buffer.alloc(16);
  MAGIC.copy(head);
  head.writeBigUInt64LE(BigInt(n), 8);
  return Buffer.concat([head, Buffer.from(columns.buffer), digests]);
}

function keyOf({ dev, ino }: FileIdentity): string {
  return `${ino}:${dev}`;
}

function compare(a: FileIdentity, b: FileIdentity): number {
  if (a.ino !== b.ino) return a.ino < b.ino ? -1 : 1;
  return a.dev < b.dev ? -1 : a.dev > b.dev ? 1 : 0;
}
