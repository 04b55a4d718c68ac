import { digestHex, InvariantError, sha256, unreachable, type Digest } from "@slipway/oci";
import type { LayerId } from "@slipway/engine-sdk";
import type { BytePath } from "./byte-path.ts";
import { ByteReader, ByteWriter } from "./byte-buffer.ts";
import type { ContentSource, Entry, EntryMetadata, FileEntry, LayerIndex } from "./entry.ts";

// One form for two uses. Canonical bytes hold all that makes a layer what it is (with content digests, without where
// the content lies); stored bytes hold the sources too, and a checksum at the end.
//
// A file is: magic, version, then each entry: kind, flags, path (length shared with the one before, rest), and what
// its kind has. Numbers are LEB128 unless said otherwise; the mtime is 8 bytes, a digest 32.

// Taken when an index is read or written: a build that is remembered does neither.
const zlib = () => process.getBuiltinModule("node:zlib");

const MAGIC = "slipway-index";
const VERSION = 1;

const KINDS = ["file", "dir", "symlink", "hardlink", "char", "block", "fifo", "whiteout"] as const;
const KIND_NUMBER = new Map<string, number>(KINDS.map((kind, number) => [kind, number]));

const FLAG_XATTRS = 1;
const FLAG_OPAQUE = 2;
const FLAG_DIGEST = 4;
const FLAG_IMPLIED = 8;

const SOURCE_TREE = 0;
const SOURCE_LAYER = 1;
const SOURCE_BYTES = 2;

/**
 * Digest of a layer as data: equal for equal entries, wherever their content lies.
 * @throws InvariantError when a file has no digest yet.
 */
export function indexDigest(index: LayerIndex): Digest {
  const writer = new ByteWriter();
  writer.text(MAGIC);
  writer.u8(VERSION);
  writeEntries(writer, index, (entry) => {
    if (entry.digest === undefined) throw new InvariantError(`"${entry.path}" has no digest`);
    return entry.digest;
  });
  return sha256(writer.done());
}

/**
 * Bytes to keep an index in a file. Content on the host becomes content of the layer's own tree: what was read there
 * is found in the tree or blob that was made from it.
 */
export function encodeIndex(index: LayerIndex, learned?: ReadonlyMap<string, Digest>): Buffer {
  const writer = new ByteWriter();
  writer.text(MAGIC);
  writer.u8(VERSION);
  writer.varint(index.entries.length);
  const layers = new Map<LayerId, number>();
  writeEntries(
    writer,
    index,
    (entry) => entry.digest ?? learned?.get(entry.path),
    (content, path) => writeSource(writer, content, { path, layers }),
  );
  writer.u32(zlib().crc32(writer.done()));
  return writer.done();
}

/** Reads what `encodeIndex` wrote; undefined when it is damaged or of another version. */
export function decodeIndex(bytes: Buffer): LayerIndex | undefined {
  if (bytes.length < 5 || bytes.readUInt32LE(bytes.length - 4) !== zlib().crc32(bytes.subarray(0, -4)))
    return undefined;
  const reader = new ByteReader(bytes.subarray(0, -4));
  if (reader.text() !== MAGIC || reader.u8() !== VERSION) return undefined;
  const count = reader.varint();
  const entries: Entry[] = new Array<Entry>(count);
  const layers: LayerId[] = [];
  let path = "";
  for (let i = 0; i < count; i++) {
    const entry = readEntry(reader, path, layers);
    entries[i] = entry;
    path = entry.path;
  }
  return { entries };
}

type WriteSource = (content: ContentSource, path: string) => void;

function writeEntries(
  writer: ByteWriter,
  index: LayerIndex,
  digestOf: (entry: FileEntry) => Digest | undefined,
  source?: WriteSource,
): void {
  let previous = "";
  for (const entry of index.entries) {
    const digest = entry.kind === "file" ? digestOf(entry) : undefined;
    const xattrs =
      "xattrs" in entry && entry.xattrs !== undefined && entry.xattrs.size > 0 ? entry.xattrs : undefined;
    const opaque = entry.kind === "dir" && entry.opaque === true;
    writer.u8(KIND_NUMBER.get(entry.kind)!);
    const implied = entry.kind === "dir" && entry.implied === true;
    writer.u8(
      (xattrs ? FLAG_XATTRS : 0) |
        (opaque ? FLAG_OPAQUE : 0) |
        (digest ? FLAG_DIGEST : 0) |
        (implied ? FLAG_IMPLIED : 0),
    );
    let shared = 0;
    const most = Math.min(previous.length, entry.path.length);
    while (shared < most && previous.charCodeAt(shared) === entry.path.charCodeAt(shared)) shared++;
    writer.varint(shared);
    writer.text(entry.path, shared);
    previous = entry.path;
    if (entry.kind === "whiteout") continue;
    if (entry.kind === "hardlink") {
      writer.text(entry.target);
      continue;
    }
    writer.varint(entry.mode);
    writer.varint(entry.uid);
    writer.varint(entry.gid);
    writer.i64(entry.mtimeNs);
    if (xattrs) writeXattrs(writer, xattrs);
    switch (entry.kind) {
      case "file":
        writer.varint(entry.sizeBytes);
        if (digest) writer.hex(digestHex(digest), 32);
        source?.(entry.content, entry.path);
        break;
      case "symlink":
        writer.text(entry.target);
        break;
      case "char":
      case "block":
        writer.varint(entry.major);
        writer.varint(entry.minor);
        break;
      case "dir":
      case "fifo":
        break;
      default:
        unreachable(entry);
    }
  }
}

function writeXattrs(writer: ByteWriter, xattrs: ReadonlyMap<string, Uint8Array>): void {
  writer.varint(xattrs.size);
  for (const [name, value] of [...xattrs].sort(([a], [b]) => (a < b ? -1 : 1))) {
    writer.text(name);
    writer.bytes(value);
  }
}

function writeSource(
  writer: ByteWriter,
  content: ContentSource,
  at: { readonly path: string; readonly layers: Map<LayerId, number> },
): void {
  switch (content.kind) {
    case "tree":
    case "host":
      writer.u8(SOURCE_TREE);
      break;
    case "layer": {
      writer.u8(SOURCE_LAYER);
      // A layer is spelled out where it is first named, and a number from then on.
      const known = at.layers.get(content.layer);
      writer.varint(known ?? at.layers.size);
      if (known === undefined) {
        at.layers.set(content.layer, at.layers.size);
        writer.text(content.layer);
      }
      writer.text(content.path === at.path ? "" : content.path);
      break;
    }
    case "bytes":
      writer.u8(SOURCE_BYTES);
      writer.bytes(content.data);
      break;
    default:
      unreachable(content);
  }
}

function readEntry(reader: ByteReader, previous: string, layers: LayerId[]): Entry {
  const kind = KINDS[reader.u8()];
  const flags = reader.u8();
  const shared = reader.varint();
  const path = (previous.slice(0, shared) + reader.text()) as BytePath;
  if (kind === undefined) throw new InvariantError("an index has an entry of no known kind");
  if (kind === "whiteout") return { kind, path };
  if (kind === "hardlink") return { kind, path, target: reader.text() as BytePath };
  const mode = reader.varint();
  const uid = reader.varint();
  const gid = reader.varint();
  const mtimeNs = reader.i64();
  const metadata: EntryMetadata =
    (flags & FLAG_XATTRS) === 0
      ? { mode, uid, gid, mtimeNs }
      : { mode, uid, gid, mtimeNs, xattrs: readXattrs(reader) };
  switch (kind) {
    case "file": {
      const sizeBytes = reader.varint();
      const digest = (flags & FLAG_DIGEST) === 0 ? undefined : (`sha256:${reader.hex(32)}` as Digest);
      const content = readSource(reader, path, layers);
      return digest === undefined
        ? { kind, path, ...metadata, sizeBytes, content }
        : { kind, path, ...metadata, sizeBytes, digest, content };
    }
    case "dir":
      if ((flags & FLAG_OPAQUE) !== 0) return { kind, path, ...metadata, opaque: true };
      if ((flags & FLAG_IMPLIED) !== 0) return { kind, path, ...metadata, implied: true };
      return { kind, path, ...metadata };
    case "symlink":
      return { kind, path, ...metadata, target: reader.text() };
    case "char":
    case "block":
      return { kind, path, ...metadata, major: reader.varint(), minor: reader.varint() };
    case "fifo":
      return { kind, path, ...metadata };
    default:
      return unreachable(kind);
  }
}

function readXattrs(reader: ByteReader): Map<string, Uint8Array> {
  const xattrs = new Map<string, Uint8Array>();
  for (let left = reader.varint(); left > 0; left--) {
    const name = reader.text();
    xattrs.set(name, reader.bytes());
  }
  return xattrs;
}

const TREE: ContentSource = Object.freeze({ kind: "tree" });

function readSource(reader: ByteReader, path: BytePath, layers: LayerId[]): ContentSource {
  const kind = reader.u8();
  switch (kind) {
    case SOURCE_TREE:
      return TREE;
    case SOURCE_LAYER: {
      const number = reader.varint();
      if (number === layers.length) layers.push(reader.text() as LayerId);
      const other = reader.text();
      return { kind: "layer", layer: layers[number]!, path: other === "" ? path : (other as BytePath) };
    }
    case SOURCE_BYTES:
      return { kind: "bytes", data: reader.bytes() };
    default:
      throw new InvariantError("an index names content of no known kind");
  }
}
