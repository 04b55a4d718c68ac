import { createHash } from "node:crypto";
import { createReadStream, readFileSync } from "node:fs";
import path from "node:path";
import { PassThrough } from "node:stream";
import { createGunzip } from "node:zlib";
import { extract, type Header } from "tar-stream";

/** An entry of an image's file tree, as far as two builders have to agree. */
export interface TreeEntry {
  readonly type: string;
  /** Octal. */
  readonly mode: string;
  readonly owner: string;
  readonly sizeBytes?: number;
  readonly sha256?: string;
  readonly link?: string;
  readonly device?: string;
  readonly xattrs?: Readonly<Record<string, string>>;
}

export interface ReadImage {
  /** Without what names a moment, and with a count in place of diff IDs. */
  readonly config: Record<string, unknown>;
  /** The flattened file system by path, sorted; hard links name the first of their names. */
  readonly tree: Readonly<Record<string, TreeEntry>>;
}

interface Descriptor {
  readonly digest: string;
  readonly mediaType: string;
}

interface LayerEntry {
  readonly header: Header;
  readonly sha256: string;
}

/** Reads the only image of an OCI layout folder. */
export async function readImage(layout: string): Promise<ReadImage> {
  const blob = (digest: string): string => path.join(layout, "blobs", digest.replace(":", "/"));
  const json = (file: string): unknown => JSON.parse(readFileSync(file, "utf8"));
  const index = json(path.join(layout, "index.json")) as { manifests: Descriptor[] };
  let manifest = json(blob(index.manifests[0]!.digest)) as {
    manifests?: Descriptor[];
    config: Descriptor;
    layers: Descriptor[] | null;
  };
  if (manifest.manifests !== undefined)
    manifest = json(blob(manifest.manifests[0]!.digest)) as typeof manifest;
  const tree = new Map<string, TreeEntry>();
  for (const layer of manifest.layers ?? [])
    applyLayer(tree, await readLayer(blob(layer.digest), layer.mediaType.includes("gzip")));
  return {
    config: comparableConfig(json(blob(manifest.config.digest)) as Record<string, unknown>),
    tree: Object.fromEntries([...tree].sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}

async function readLayer(file: string, isCompressed: boolean): Promise<LayerEntry[]> {
  const entries: LayerEntry[] = [];
  const unpack = extract();
  const source = createReadStream(file).pipe(isCompressed ? createGunzip() : new PassThrough());
  source.on("error", (error) => unpack.destroy(error));
  source.pipe(unpack);
  for await (const entry of unpack) {
    const hash = createHash("sha256");
    for await (const chunk of entry as AsyncIterable<Buffer>) hash.update(chunk);
    entries.push({ header: entry.header, sha256: hash.digest("hex") });
  }
  return entries;
}

function applyLayer(tree: Map<string, TreeEntry>, layer: readonly LayerEntry[]): void {
  const removeBelow = (folder: string): void => {
    for (const name of [...tree.keys()]) if (name.startsWith(`${folder}/`)) tree.delete(name);
  };
  // Whiteouts speak of the layers below only.
  for (const { header } of layer) {
    const name = clean(header.name);
    const base = path.posix.basename(name);
    const parent = path.posix.dirname(name);
    if (base === ".wh..wh..opq") removeBelow(parent);
    else if (base.startsWith(".wh.")) {
      const hidden = path.posix.join(parent, base.slice(4));
      tree.delete(hidden);
      removeBelow(hidden);
    }
  }
  for (const { header, sha256 } of layer) {
    const name = clean(header.name);
    if (name === "." || path.posix.basename(name).startsWith(".wh.")) continue;
    if (header.type !== "directory") removeBelow(name);
    tree.set(name, treeEntry(header, sha256));
  }
}

function treeEntry(header: Header, sha256: string): TreeEntry {
  const xattrs = Object.entries(header.pax ?? {}).filter(([key]) => key.startsWith("SCHILY.xattr."));
  const isFile = header.type === "file" || header.type === "contiguous-file";
  return {
    type: isFile ? "file" : (header.type ?? "file"),
    mode: ((header.mode ?? 0) & 0o7777).toString(8),
    owner: `${header.uid}:${header.gid}`,
    ...(isFile ? { sizeBytes: header.size ?? 0, sha256 } : {}),
    ...(header.linkname ? { link: header.type === "link" ? clean(header.linkname) : header.linkname } : {}),
    ...(header.devmajor ? { device: `${header.devmajor}:${header.devminor}` } : {}),
    ...(xattrs.length > 0 ? { xattrs: Object.fromEntries(xattrs) } : {}),
  };
}

function clean(name: string): string {
  return path.posix.normalize(name).replace(/\/$/, "").replace(/^\//, "");
}

function comparableConfig(config: Record<string, unknown>): Record<string, unknown> {
  const { created: _created, history, rootfs, ...rest } = config;
  const steps = (history as Record<string, unknown>[] | undefined)?.map(({ created: _at, ...step }) => step);
  return {
    ...rest,
    history: steps,
    layers: (rootfs as { diff_ids: readonly string[] | null }).diff_ids?.length ?? 0,
  };
}
