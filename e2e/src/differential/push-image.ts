import { createHash } from "node:crypto";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { pack, type Header } from "tar-stream";

/** An entry of a layer; folders that are left out are left out of the tar, too. */
export type LayerEntry = Partial<Header> & { readonly name: string; readonly content?: string };

/** An image as others might have made it, odd as it may be. */
export interface OddImage {
  /** Base layer first. */
  readonly layers: readonly (readonly LayerEntry[])[];
  /** Default: gzip. */
  readonly compression?: "none" | "gzip" | "zstd";
  /** Of Docker's manifest format instead of OCI's. */
  readonly docker?: boolean;
  /** As images had them that were not to be redistributed. */
  readonly foreign?: boolean;
  /** What `config.config` is, as JSON; absent members stay absent. */
  readonly config?: unknown;
  /** Members of the image config beside or instead of the ordinary ones. */
  readonly more?: Readonly<Record<string, unknown>>;
}

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** Pushes an image to a registry without TLS. @returns its name with registry and tag */
export async function pushImage(host: string, name: string, image: OddImage): Promise<string> {
  const tars = await Promise.all(image.layers.map(tarOf));
  const layers: Descriptor[] = [];
  for (const tar of tars)
    layers.push({
      ...(await upload(host, name, { bytes: compressed(tar, image), mediaType: layerType(image) })),
      ...(image.foreign === true ? { urls: ["http://127.0.0.1:9/layer"] } : {}),
    });
  const config = {
    architecture: process.arch === "arm64" ? "arm64" : "amd64",
    os: "linux",
    ...(image.config === undefined ? {} : { config: image.config }),
    rootfs: { type: "layers", diff_ids: tars.map(digestOf) },
    history: tars.map((_, index) => ({ created_by: `layer ${index}` })),
    ...image.more,
  };
  const descriptor = await upload(host, name, {
    bytes: Buffer.from(JSON.stringify(config)),
    mediaType: image.docker
      ? "application/vnd.docker.container.image.v1+json"
      : "application/vnd.oci.image.config.v1+json",
  });
  const mediaType = image.docker
    ? "application/vnd.docker.distribution.manifest.v2+json"
    : "application/vnd.oci.image.manifest.v1+json";
  const manifest = JSON.stringify({ schemaVersion: 2, mediaType, config: descriptor, layers });
  await ask(`http://${host}/v2/${name}/manifests/latest`, {
    method: "PUT",
    headers: { "content-type": mediaType },
    body: manifest,
  });
  return `${host}/${name}:latest`;
}

async function tarOf(entries: readonly LayerEntry[]): Promise<Buffer> {
  const tar = pack();
  for (const { content, ...header } of entries)
    tar.entry({ mtime: new Date(1e12), ...header }, content ?? "");
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function compressed(tar: Buffer, { compression }: OddImage): Buffer {
  if (compression === "none") return tar;
  return compression === "zstd" ? zstdCompressSync(tar) : gzipSync(tar);
}

function layerType({ docker, foreign, compression = "gzip" }: OddImage): string {
  const suffix = compression === "none" ? "" : compression;
  if (docker === true)
    return `application/vnd.docker.image.rootfs.${foreign === true ? "foreign." : ""}diff.tar${suffix && `.${suffix}`}`;
  return `application/vnd.oci.image.layer.${foreign === true ? "nondistributable." : ""}v1.tar${suffix && `+${suffix}`}`;
}

function digestOf(bytes: Buffer): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

async function upload(
  host: string,
  name: string,
  { bytes, mediaType }: { readonly bytes: Buffer; readonly mediaType: string },
): Promise<Descriptor> {
  const digest = digestOf(bytes);
  const { headers } = await ask(`http://${host}/v2/${name}/blobs/uploads/`, { method: "POST" });
  const place = new URL(headers.get("location")!, `http://${host}`);
  place.searchParams.set("digest", digest);
  await ask(place, {
    method: "PUT",
    headers: { "content-type": "application/octet-stream" },
    body: new Uint8Array(bytes),
  });
  return { mediaType, digest, size: bytes.length };
}

async function ask(url: string | URL, init: RequestInit): Promise<Response> {
  const response = await fetch(url, init);
  if (!response.ok)
    throw new Error(`${init.method} ${String(url)}: ${response.status} ${await response.text()}`);
  return response;
}
