import { BLOCK_BYTES, paddingBytes, TarField, TarType, XATTR_RECORD } from "./tar-format.ts";
import { paxRecord, paxTime } from "./pax-records.ts";

/** What one header says; names in bytes. */
export interface TarHeader {
  /** As it stands in the archive: folders end in a slash. */
  readonly name: string;
  readonly type: number;
  /** Bytes of content that follow. */
  readonly sizeBytes: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtimeNs: bigint;
  readonly linkName?: string;
  readonly major?: number;
  readonly minor?: number;
  readonly xattrs?: ReadonlyMap<string, Uint8Array>;
}

/** A buffer that grows; `end` bytes of it are in use. */
export interface GrowingBuffer {
  bytes: Buffer;
  end: number;
}

// Constant, so that it costs nothing to make and compresses away; readers that know PAX never show it.
const PAX_HEADER_NAME = "PaxHeaders.0";
const MAX_OCTAL_7 = 0o7777777;
const MAX_OCTAL_11 = 0o77777777777;
const ASCII = /^[\x01-\x7f]*$/;

/** Makes room for `count` more bytes. */
export function reserve(out: GrowingBuffer, count: number): void {
  if (out.end + count <= out.bytes.length) return;
  const grown = Buffer.allocUnsafeSlow(Math.max(out.bytes.length * 2, out.end + count));
  out.bytes.copy(grown, 0, 0, out.end);
  out.bytes = grown;
}

/**
 * Appends the blocks of one header: USTAR where it can say everything, a PAX extended header before it where not
 * (long or non-ASCII names, nanoseconds, large numbers, xattrs). User and group names stay empty.
 * Names that are not UTF-8 go raw into the PAX record, which is what Go's archive/tar writes and Go, GNU tar and
 * libarchive read.
 */
export function appendHeader(out: GrowingBuffer, header: TarHeader): void {
  let records = "";
  let prefix = "";
  let name = header.name;
  let link = header.linkName ?? "";
  if (!ASCII.test(name) || name.length > 100) {
    const split = ASCII.test(name) ? splitName(name) : -1;
    if (split > 0) {
      prefix = name.slice(0, split);
      name = name.slice(split + 1);
    } else {
      records += paxRecord("path", name);
      name = plainName(name);
    }
  }
  if (link.length > 100 || !ASCII.test(link)) {
    records += paxRecord("linkpath", link);
    link = plainName(link);
  }
  const uid = fitting("uid", header.uid, MAX_OCTAL_7);
  const gid = fitting("gid", header.gid, MAX_OCTAL_7);
  const size = fitting("size", header.sizeBytes, MAX_OCTAL_11);
  records += uid.record + gid.record + size.record;

  let seconds = 0;
  const wholeSeconds = header.mtimeNs / 1_000_000_000n;
  const hasFraction = wholeSeconds * 1_000_000_000n !== header.mtimeNs;
  const fits = header.mtimeNs >= 0n && wholeSeconds <= BigInt(MAX_OCTAL_11);
  if (fits) seconds = Number(wholeSeconds);
  if (!fits || hasFraction) records += paxRecord("mtime", paxTime(header.mtimeNs));

  for (const [key, value] of header.xattrs ?? []) {
    records += paxRecord(
      XATTR_RECORD + key,
      Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("latin1"),
    );
  }
  if (records !== "") appendPax(out, records);
  appendUstar(out, {
    ...header,
    name,
    linkName: link,
    mtimeSeconds: seconds,
    prefix,
    uid: uid.value,
    gid: gid.value,
    sizeBytes: size.value,
  });
}

function fitting(key: string, value: number, max: number): { value: number; record: string } {
  return value <= max ? { value, record: "" } : { value: 0, record: paxRecord(key, String(value)) };
}

/** Where a long name can be cut into USTAR's prefix and name; -1 when it cannot. */
function splitName(name: string): number {
  if (name.length > 256) return -1;
  const last = name.endsWith("/") ? name.length - 2 : name.length - 1;
  const slash = name.lastIndexOf("/", Math.min(155, last));
  return slash > 0 && name.length - slash - 1 <= 100 && slash < last ? slash : -1;
}

/** What stands in the fixed field when the real name is in a PAX record. */
function plainName(name: string): string {
  return name.slice(0, 100).replace(/[^\x20-\x7e]/g, "_");
}

function appendPax(out: GrowingBuffer, records: string): void {
  appendUstar(out, {
    name: PAX_HEADER_NAME,
    type: TarType.pax,
    sizeBytes: records.length,
    mode: 0o644,
    uid: 0,
    gid: 0,
    mtimeSeconds: 0,
    linkName: "",
    prefix: "",
  });
  const padding = paddingBytes(records.length);
  reserve(out, records.length + padding);
  out.bytes.write(records, out.end, records.length, "latin1");
  out.bytes.fill(0, out.end + records.length, out.end + records.length + padding);
  out.end += records.length + padding;
}

interface UstarFields {
  readonly name: string;
  readonly type: number;
  readonly sizeBytes: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtimeSeconds: number;
  readonly linkName: string;
  readonly prefix: string;
  readonly major?: number;
  readonly minor?: number;
}

function appendUstar(out: GrowingBuffer, fields: UstarFields): void {
  reserve(out, BLOCK_BYTES);
  const { bytes, end: at } = out;
  bytes.fill(0, at, at + BLOCK_BYTES);
  bytes.write(fields.name, at, 100, "latin1");
  octal(bytes, at + TarField.mode, 7, fields.mode);
  octal(bytes, at + TarField.uid, 7, fields.uid);
  octal(bytes, at + TarField.gid, 7, fields.gid);
  octal(bytes, at + TarField.size, 11, fields.sizeBytes);
  octal(bytes, at + TarField.mtime, 11, fields.mtimeSeconds);
  bytes[at + TarField.type] = fields.type;
  bytes.write(fields.linkName, at + TarField.linkName, 100, "latin1");
  bytes.write("ustar\x0000", at + TarField.magic, 8, "latin1");
  if (fields.major !== undefined) {
    octal(bytes, at + TarField.major, 7, fields.major);
    octal(bytes, at + TarField.minor, 7, fields.minor ?? 0);
  }
  bytes.write(fields.prefix, at + TarField.prefix, 155, "latin1");

  // The checksum counts its own eight bytes as spaces; the fields' ends are zeros that need no adding up.
  let sum = 8 * 0x20;
  const linkEnd = at + TarField.linkName + fields.linkName.length;
  for (let i = at; i < linkEnd; i++) sum += bytes[i]!;
  const prefixEnd = at + TarField.prefix + fields.prefix.length;
  for (let i = at + TarField.magic; i < prefixEnd; i++) sum += bytes[i]!;
  octal(bytes, at + TarField.checksum, 6, sum);
  bytes[at + TarField.checksum + 7] = 0x20;
  out.end += BLOCK_BYTES;
}

function octal(bytes: Buffer, at: number, digits: number, value: number): void {
  let rest = value;
  // Numbers above 31 bits need division; those are rare enough to be slow.
  for (let i = at + digits - 1; i >= at; i--) {
    const digit = rest > 0x7fffffff ? rest % 8 : rest & 7;
    bytes[i] = 0x30 + digit;
    rest = rest > 0x7fffffff ? Math.floor(rest / 8) : rest >> 3;
  }
}
