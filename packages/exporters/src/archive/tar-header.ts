/** An entry of a tar archive; names are bytes in latin1. */
export interface TarEntry {
  /** Relative; folders without a slash at the end. */
  readonly name: string;
  readonly type: "file" | "dir" | "symlink" | "hardlink" | "char" | "block" | "fifo";
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** 0 for everything but files. */
  readonly sizeBytes: number;
  readonly mtimeNs: bigint;
  readonly linkname?: string;
  readonly major?: number;
  readonly minor?: number;
  readonly xattrs?: ReadonlyMap<string, Uint8Array>;
}

export const TAR_BLOCK_BYTES = 512;
const TYPE_FLAGS = {
  file: "0",
  hardlink: "1",
  symlink: "2",
  char: "3",
  block: "4",
  dir: "5",
  fifo: "6",
} as const;
const NS = 1_000_000_000n;

/** Bytes that fill an entry's content up to a whole block. */
export function tarPadding(sizeBytes: number): Buffer {
  return Buffer.alloc((TAR_BLOCK_BYTES - (sizeBytes % TAR_BLOCK_BYTES)) % TAR_BLOCK_BYTES);
}

/** Ends an archive: two empty blocks. */
export const TAR_END: Buffer = Buffer.alloc(2 * TAR_BLOCK_BYTES);

/** One record of an extended header: its length counts itself. @see POSIX.1-2017, pax, "pax Extended Header" */
function paxRecord(key: Buffer, value: Uint8Array): Buffer {
  const rest = key.length + value.length + 3;
  let length = rest + String(rest).length;
  if (String(length).length !== String(rest).length) length = rest + String(length).length;
  return Buffer.concat([Buffer.from(`${length} `), key, Buffer.from("="), value, Buffer.from("\n")]);
}

function paxRecords(entry: TarEntry, name: string): Buffer {
  const records: [string, Uint8Array][] = [];
  const bytes = (value: string) => Buffer.from(value, "latin1");
  if (!fitsName(name)) records.push(["path", bytes(name)]);
  if (entry.linkname !== undefined && !/^[\x20-\x7e]{0,100}$/.test(entry.linkname))
    records.push(["linkpath", bytes(entry.linkname)]);
  if (entry.sizeBytes > 0o77777777777) records.push(["size", bytes(String(entry.sizeBytes))]);
  if (entry.uid > 0o7777777) records.push(["uid", bytes(String(entry.uid))]);
  if (entry.gid > 0o7777777) records.push(["gid", bytes(String(entry.gid))]);
  const seconds = entry.mtimeNs / NS;
  if (entry.mtimeNs < 0n || seconds > 0o77777777777n || entry.mtimeNs % NS !== 0n)
    records.push(["mtime", bytes(paxTime(entry.mtimeNs))]);
  for (const [key, value] of entry.xattrs ?? []) records.push([`SCHILY.xattr.${key}`, value]);
  records.sort(([a], [b]) => (a < b ? -1 : 1));
  return Buffer.concat(records.map(([key, value]) => paxRecord(bytes(key), value)));
}

function paxTime(ns: bigint): string {
  const sign = ns < 0n ? "-" : "";
  const abs = ns < 0n ? -ns : ns;
  const fraction = String(abs % NS)
    .padStart(9, "0")
    .replace(/0+$/, "");
  return `${sign}${abs / NS}${fraction && `.${fraction}`}`;
}

/** Splits a long name at a slash into ustar's prefix and name; undefined when it does not fit. */
function splitName(name: string): readonly [prefix: string, name: string] | undefined {
  if (name.length <= 100) return ["", name];
  for (
    let slash = name.indexOf("/", name.length - 101);
    slash > 0 && slash <= 155;
    slash = name.indexOf("/", slash + 1)
  ) {
    if (slash < name.length - 1) return [name.slice(0, slash), name.slice(slash + 1)];
  }
  return undefined;
}

/** Names that are not ASCII go into an extended header, where they have a defined meaning. */
function fitsName(name: string): boolean {
  return /^[\x20-\x7e]*$/.test(name) && splitName(name) !== undefined;
}

interface Ustar {
  readonly name: string;
  readonly prefix: string;
  readonly flag: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly sizeBytes: number;
  readonly mtimeSeconds: number;
  readonly linkname: string;
  readonly major: number;
  readonly minor: number;
}

function ustar(fields: Ustar): Buffer {
  const block = Buffer.alloc(TAR_BLOCK_BYTES);
  const octal = (value: number, offset: number, digits: number) =>
    block.write(value.toString(8).padStart(digits, "0"), offset, digits, "latin1");
  block.write(fields.name, 0, 100, "latin1");
  octal(fields.mode, 100, 7);
  octal(fields.uid, 108, 7);
  octal(fields.gid, 116, 7);
  octal(fields.sizeBytes, 124, 11);
  octal(fields.mtimeSeconds, 136, 11);
  block.fill(" ", 148, 156);
  block.write(fields.flag, 156, 1, "latin1");
  block.write(fields.linkname, 157, 100, "latin1");
  block.write("ustar\u000000", 257, 8, "latin1");
  octal(fields.major, 329, 7);
  octal(fields.minor, 337, 7);
  block.write(fields.prefix, 345, 155, "latin1");
  let sum = 0;
  for (const byte of block) sum += byte;
  block.write(`${sum.toString(8).padStart(6, "0")}\u0000 `, 148, 8, "latin1");
  return block;
}

/** Values that do not fit are in the extended header; their place in the plain one gets 0. */
function fitting(value: number, most: number): number {
  return value >= 0 && value <= most ? value : 0;
}

/** The header blocks of an entry: ustar, with an extended header before it where ustar is too small. */
export function tarHeader(entry: TarEntry): Buffer {
  const name = entry.type === "dir" ? `${entry.name}/` : entry.name;
  const records = paxRecords(entry, name);
  const [prefix, short] = (fitsName(name) && splitName(name)) || ["", name.slice(0, 100)];
  const header = ustar({
    name: short,
    prefix,
    flag: TYPE_FLAGS[entry.type],
    mode: entry.mode & 0o7777,
    uid: fitting(entry.uid, 0o7777777),
    gid: fitting(entry.gid, 0o7777777),
    sizeBytes: fitting(entry.sizeBytes, 0o77777777777),
    mtimeSeconds: fitting(Number(entry.mtimeNs / NS), 0o77777777777),
    linkname: (entry.linkname ?? "").slice(0, 100),
    major: entry.major ?? 0,
    minor: entry.minor ?? 0,
  });
  if (records.length === 0) return header;
  const base = name.replace(/\/+$/, "").split("/").at(-1) ?? "";
  const extended = ustar({
    name: `PaxHeaders.0/${base}`.slice(0, 100),
    prefix: "",
    flag: "x",
    mode: 0,
    uid: 0,
    gid: 0,
    sizeBytes: records.length,
    mtimeSeconds: 0,
    linkname: "",
    major: 0,
    minor: 0,
  });
  return Buffer.concat([extended, records, tarPadding(records.length), header]);
}
