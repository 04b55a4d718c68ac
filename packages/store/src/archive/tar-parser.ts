import { archiveError } from "./archive-error.ts";
import { parsePaxRecords, parsePaxTime } from "./pax-records.ts";
import { checkSparseMap, parseSparseList, SparseExpander, SparseMapReader } from "./sparse.ts";
import type { TarHeader } from "./tar-header.ts";
import { BLOCK_BYTES, paddingBytes, TarField, TarType, XATTR_RECORD } from "./tar-format.ts";

// As Go's reader: one entry's extended headers may not take more.
const MAX_EXTENDED_BYTES = 1 << 20;

/** What a parsed tar is told to. Calls come in the order of the archive. */
export interface TarHandler {
  /** A new entry; `data` calls with `header.sizeBytes` bytes in all follow. */
  entry(header: TarHeader): void;
  /** Content of the entry; the buffer is overwritten after the call. */
  data(chunk: Buffer): void;
  /** The entry is complete. */
  entryEnd(): void;
}

interface UnmappedEntry {
  readonly header: TarHeader;
  readonly storedBytes: number;
  readonly numbers: number[];
}

/**
 * Reads tar archives that arrive in pieces: USTAR, PAX, GNU long names, base-256 numbers and sparse files, and old V7. Synchronous.
 * Never holds more than one entry's headers.
 */
export class TarParser {
  readonly #handler: TarHandler;
  readonly #header = Buffer.alloc(BLOCK_BYTES);
  #headerLength = 0;
  /** Bytes of content, then of padding, that are still to come. */
  #dataLeft = 0;
  #paddingLeft = 0;
  /** Collects an extended header; undefined while an ordinary entry's content passes. */
  #extended: { readonly type: number; readonly chunks: Buffer[] } | undefined;
  #extendedBytes = 0;
  #inEntry = false;
  /** A sparse file: its map while it is read, then what puts its pieces in their places. */
  #sparseMap: SparseMapReader | undefined;
  #sparse: SparseExpander | undefined;
  /** A sparse file whose map is not complete. */
  #unmapped: UnmappedEntry | undefined;
  #ended = false;
  #pax: Map<string, string> | undefined;
  #longName: string | undefined;
  #longLink: string | undefined;

  constructor(handler: TarHandler) {
    this.#handler = handler;
  }

  /** True once the block of zeros has come that ends the archive; further bytes are ignored. */
  get ended(): boolean {
    return this.#ended;
  }

  /** @throws InputError `ARCHIVE_…` */
  push(chunk: Buffer): void {
    let at = 0;
    while (at < chunk.length && !this.#ended) {
      if (this.#dataLeft > 0) {
        if (this.#sparseMap !== undefined) {
          at += this.#mapBlock(this.#sparseMap, chunk, at);
          continue;
        }
        const count = Math.min(this.#dataLeft, chunk.length - at);
        const piece = chunk.subarray(at, at + count);
        if (this.#extended !== undefined) this.#extended.chunks.push(Buffer.from(piece));
        else if (this.#sparse === undefined) this.#handler.data(piece);
        else this.#sparse.push(piece);
        this.#dataLeft -= count;
        at += count;
        if (this.#dataLeft === 0) this.#dataEnd();
      } else if (this.#paddingLeft > 0) {
        const count = Math.min(this.#paddingLeft, chunk.length - at);
        this.#paddingLeft -= count;
        at += count;
      } else if (this.#headerLength === 0 && chunk.length - at >= BLOCK_BYTES) {
        this.#block(chunk, at);
        at += BLOCK_BYTES;
      } else {
        const count = Math.min(BLOCK_BYTES - this.#headerLength, chunk.length - at);
        chunk.copy(this.#header, this.#headerLength, at, at + count);
        this.#headerLength += count;
        at += count;
        if (this.#headerLength === BLOCK_BYTES) {
          this.#headerLength = 0;
          this.#block(this.#header, 0);
        }
      }
    }
  }

  /** No more bytes will come. Archives without their closing zeros are accepted, as by other programs. */
  end(): void {
    if (this.#ended) return;
    const isComplete =
      this.#dataLeft === 0 &&
      this.#headerLength === 0 &&
      this.#pax === undefined &&
      this.#unmapped === undefined &&
      this.#longName === undefined;
    if (!isComplete) throw archiveError("ARCHIVE_TRUNCATED", "the archive ends in the middle of an entry");
    this.#ended = true;
  }

  #block(block: Buffer, at: number): void {
    if (this.#unmapped !== undefined) return this.#moreMap(this.#unmapped, block, at);
    if (block[at] === 0 && isZero(block, at)) {
      this.#ended = true;
      return;
    }
    if (!hasValidChecksum(block, at))
      throw archiveError("ARCHIVE_BAD_CHECKSUM", "a header's checksum is wrong");
    const type = block[at + TarField.type]!;
    switch (type) {
      case TarType.pax:
      case TarType.paxGlobal:
      case TarType.gnuLongName:
      case TarType.gnuLongLink:
        return this.#beginExtended(type, numberField(block, at + TarField.size, 12));
      default:
        return this.#beginEntry(block, at, type);
    }
  }

  #beginExtended(type: number, sizeBytes: number): void {
    this.#extendedBytes += sizeBytes;
    if (this.#extendedBytes > MAX_EXTENDED_BYTES) {
      throw archiveError("ARCHIVE_HEADER_TOO_LARGE", `extended headers of ${this.#extendedBytes} bytes`);
    }
    this.#extended = { type, chunks: [] };
    this.#dataLeft = sizeBytes;
    this.#paddingLeft = paddingBytes(sizeBytes);
    if (sizeBytes === 0) this.#dataEnd();
  }

  #beginEntry(block: Buffer, at: number, type: number): void {
    const pax = this.#pax;
    const isGnu = block.toString("latin1", at + TarField.magic, at + TarField.magic + 8) === "ustar  \0";
    const isUstar =
      !isGnu && block.toString("latin1", at + TarField.magic, at + TarField.magic + 5) === "ustar";
    const prefix = isUstar ? textField(block, at + TarField.prefix, 155) : "";
    const shortName = textField(block, at + TarField.name, 100);
    const name =
      paxText(pax, "GNU.sparse.name") ??
      paxText(pax, "path") ??
      this.#longName ??
      (prefix === "" ? shortName : `${prefix}/${shortName}`);
    const linkName =
      paxText(pax, "linkpath") ?? this.#longLink ?? textField(block, at + TarField.linkName, 100);
    if (name.includes("\0") || linkName.includes("\0")) {
      throw archiveError("ARCHIVE_BAD_HEADER", "a name has a zero byte in it", name);
    }
    const mtime = paxText(pax, "mtime");
    const isOldDir = (type === TarType.file || type === TarType.oldFile) && name.endsWith("/");
    const isGnuSparse = isGnu && type === TarType.gnuSparse;
    const hasData =
      type === TarType.file || type === TarType.oldFile || type === TarType.contiguous || isGnuSparse;
    const header: TarHeader = {
      name,
      linkName,
      type: isOldDir ? TarType.dir : hasData ? TarType.file : type,
      sizeBytes: hasData ? (paxNumber(pax, "size") ?? numberField(block, at + TarField.size, 12)) : 0,
      mode: numberField(block, at + TarField.mode, 8) & 0o7777,
      uid: paxNumber(pax, "uid") ?? numberField(block, at + TarField.uid, 8),
      gid: paxNumber(pax, "gid") ?? numberField(block, at + TarField.gid, 8),
      mtimeNs:
        mtime === undefined
          ? BigInt(signedField(block, at + TarField.mtime, 12)) * 1_000_000_000n
          : parsePaxTime(mtime),
      major: isUstar || isGnu ? numberField(block, at + TarField.major, 8) : 0,
      minor: isUstar || isGnu ? numberField(block, at + TarField.minor, 8) : 0,
      xattrs: pax === undefined ? undefined : xattrsOf(pax),
    };
    this.#pax = undefined;
    this.#longName = undefined;
    this.#longLink = undefined;
    this.#extendedBytes = 0;
    if (isGnuSparse) {
      const sized = { ...header, sizeBytes: numberField(block, at + TarField.sparseSize, 12) };
      const numbers = sparseNumbers(block, at + TarField.sparse, 4);
      if (block[at + TarField.sparseMore] === 0) this.#beginSparse(sized, header.sizeBytes, numbers);
      else this.#unmapped = { header: sized, storedBytes: header.sizeBytes, numbers };
      return;
    }
    const sparseBytes =
      hasData && pax !== undefined
        ? (paxNumber(pax, "GNU.sparse.realsize") ?? paxNumber(pax, "GNU.sparse.size"))
        : undefined;
    const map = pax?.get("GNU.sparse.map");
    if (sparseBytes === undefined) this.#beginData(header, header.sizeBytes);
    else if (map !== undefined) {
      const sized = { ...header, sizeBytes: sparseBytes };
      this.#beginSparse(sized, header.sizeBytes, parseSparseList(map, name));
    } else if (paxText(pax, "GNU.sparse.major") === "1") {
      this.#sparseMap = new SparseMapReader(name);
      this.#unmapped = {
        header: { ...header, sizeBytes: sparseBytes },
        storedBytes: header.sizeBytes,
        numbers: [],
      };
      this.#dataLeft = header.sizeBytes;
      this.#paddingLeft = paddingBytes(header.sizeBytes);
      if (header.sizeBytes < BLOCK_BYTES)
        throw archiveError("ARCHIVE_BAD_HEADER", "a sparse file has no map", name);
    } else this.#beginSparse({ ...header, sizeBytes: sparseBytes }, header.sizeBytes, []);
  }

  #beginData(header: TarHeader, storedBytes: number): void {
    this.#dataLeft = storedBytes;
    this.#paddingLeft = paddingBytes(storedBytes);
    this.#inEntry = true;
    this.#handler.entry(header);
    if (this.#dataLeft === 0) this.#dataEnd();
  }

  #beginSparse(header: TarHeader, storedBytes: number, numbers: readonly number[]): void {
    const map = checkSparseMap(numbers, header.sizeBytes, header.name);
    this.#sparse = new SparseExpander(map, header.sizeBytes, (chunk) => this.#handler.data(chunk));
    if (this.#sparse.dataBytes > storedBytes)
      throw archiveError("ARCHIVE_BAD_HEADER", "the map of a sparse file is wrong", header.name);
    this.#beginData(header, storedBytes);
  }

  /** A block with further pieces of a sparse file of GNU's own format. */
  #moreMap(entry: UnmappedEntry, block: Buffer, at: number): void {
    entry.numbers.push(...sparseNumbers(block, at, 21));
    if (entry.numbers.length > 1 << 21)
      throw archiveError("ARCHIVE_BAD_HEADER", "the map of a sparse file is too long", entry.header.name);
    if (block[at + 504] !== 0) return;
    this.#unmapped = undefined;
    this.#beginSparse(entry.header, entry.storedBytes, entry.numbers);
  }

  /** Takes up to a block of the map that stands before the data. @returns bytes of the chunk that were taken */
  #mapBlock(reader: SparseMapReader, chunk: Buffer, at: number): number {
    const count = Math.min(BLOCK_BYTES - this.#headerLength, chunk.length - at);
    chunk.copy(this.#header, this.#headerLength, at, at + count);
    this.#headerLength += count;
    if (this.#headerLength < BLOCK_BYTES) return count;
    this.#headerLength = 0;
    this.#dataLeft -= BLOCK_BYTES;
    const entry = this.#unmapped!;
    const numbers = reader.push(this.#header);
    if (numbers !== undefined) {
      this.#sparseMap = undefined;
      this.#unmapped = undefined;
      this.#beginSparse(entry.header, this.#dataLeft, numbers);
    } else if (this.#dataLeft < BLOCK_BYTES) {
      throw archiveError("ARCHIVE_BAD_HEADER", "the map of a sparse file is wrong", entry.header.name);
    }
    return count;
  }

  #dataEnd(): void {
    const extended = this.#extended;
    if (extended === undefined) {
      if (this.#inEntry) {
        this.#inEntry = false;
        this.#sparse?.end();
        this.#sparse = undefined;
        this.#handler.entryEnd();
      }
      return;
    }
    this.#extended = undefined;
    const data = Buffer.concat(extended.chunks);
    switch (extended.type) {
      case TarType.pax:
        // A GNU tar may write several; the later ones win.
        this.#pax = new Map([...(this.#pax ?? []), ...parsePaxRecords(data)]);
        return;
      case TarType.gnuLongName:
        this.#longName = upToZero(data);
        return;
      case TarType.gnuLongLink:
        this.#longLink = upToZero(data);
        return;
      // Global headers hold comments (git's commit, for one); nothing that they could say belongs in a layer.
    }
  }
}

/** Whether a block can be the header of a tar entry: not zero, and its checksum right. */
export function isTarHeader(block: Buffer): boolean {
  return block.length >= BLOCK_BYTES && !isZero(block, 0) && hasValidChecksum(block, 0);
}

function isZero(block: Buffer, at: number): boolean {
  for (let i = at; i < at + BLOCK_BYTES; i++) if (block[i] !== 0) return false;
  return true;
}

function hasValidChecksum(block: Buffer, at: number): boolean {
  const skipFrom = at + TarField.checksum;
  const text = block
    .toString("latin1", skipFrom, skipFrom + 8)
    .replace(/\0.*$/s, "")
    .trim();
  if (!/^[0-7]+$/.test(text)) return false;
  const stored = parseInt(text, 8);
  // The checksum's own eight bytes count as spaces.
  let unsigned = 8 * 0x20;
  for (let i = at; i < skipFrom; i++) unsigned += block[i]!;
  for (let i = skipFrom + 8; i < at + BLOCK_BYTES; i++) unsigned += block[i]!;
  if (stored === unsigned) return true;
  // Some old programs add up signed bytes.
  let signed = unsigned;
  for (let i = at; i < at + BLOCK_BYTES; i++) {
    if ((i < skipFrom || i >= skipFrom + 8) && block[i]! > 127) signed -= 256;
  }
  return stored === signed;
}

function textField(block: Buffer, at: number, length: number): string {
  let end = at;
  while (end < at + length && block[end] !== 0) end++;
  return block.toString("latin1", at, end);
}

function upToZero(data: Buffer): string {
  const zero = data.indexOf(0);
  return data.toString("latin1", 0, zero < 0 ? data.length : zero);
}

function numberField(block: Buffer, at: number, length: number): number {
  const value = signedField(block, at, length);
  if (value < 0) throw archiveError("ARCHIVE_BAD_HEADER", "a header has a negative number");
  return value;
}

/** Octal digits, or GNU's base-256 when the highest bit is set. */
function signedField(block: Buffer, at: number, length: number): number {
  const first = block[at]!;
  if ((first & 0x80) !== 0) {
    let value = BigInt(first & 0x7f);
    for (let i = at + 1; i < at + length; i++) value = (value << 8n) | BigInt(block[i]!);
    const number = Number(BigInt.asIntN(8 * length - 1, value));
    if (!Number.isSafeInteger(number))
      throw archiveError("ARCHIVE_BAD_HEADER", "a header has a number that is too large");
    return number;
  }
  let i = at;
  const end = at + length;
  while (i < end && block[i] === 0x20) i++;
  let value = 0;
  for (; i < end; i++) {
    const byte = block[i]!;
    if (byte === 0 || byte === 0x20) break;
    if (byte < 0x30 || byte > 0x37)
      throw archiveError("ARCHIVE_BAD_HEADER", "a header has a malformed number");
    value = value * 8 + byte - 0x30;
  }
  return value;
}

/** A record's value; an empty one means that the fixed field holds. */
function paxText(pax: ReadonlyMap<string, string> | undefined, key: string): string | undefined {
  const text = pax?.get(key);
  return text === "" ? undefined : text;
}

function paxNumber(pax: ReadonlyMap<string, string> | undefined, key: string): number | undefined {
  const text = paxText(pax, key);
  if (text === undefined) return undefined;
  const value = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
  if (!Number.isSafeInteger(value))
    throw archiveError("ARCHIVE_BAD_HEADER", `"${text.slice(0, 40)}" is no valid ${key}`);
  return value;
}

/** Offsets and lengths in a header of GNU's sparse format, up to the first that is not given. */
function sparseNumbers(block: Buffer, at: number, pieces: number): number[] {
  const numbers: number[] = [];
  for (let i = 0; i < pieces; i++) {
    const piece = at + 24 * i;
    if (block[piece + 12] === 0) break;
    numbers.push(numberField(block, piece, 12), numberField(block, piece + 12, 12));
  }
  return numbers;
}

function xattrsOf(pax: ReadonlyMap<string, string>): ReadonlyMap<string, Uint8Array> | undefined {
  const found: [string, Uint8Array][] = [];
  for (const [key, value] of pax) {
    if (!key.startsWith(XATTR_RECORD) || key.length === XATTR_RECORD.length) continue;
    const name = key.slice(XATTR_RECORD.length);
    // These steer overlayfs itself; an archive has no say in that.
    if (/^(trusted|user)\.overlay\./.test(name)) continue;
    found.push([name, Uint8Array.from(Buffer.from(value, "latin1"))]);
  }
  if (found.length === 0) return undefined;
  return new Map(found.sort(([a], [b]) => (a < b ? -1 : 1)));
}
