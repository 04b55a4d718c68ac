import { createHash } from "node:crypto";
import {
  copyFileSync,
  createReadStream,
  createWriteStream,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";

export interface LayoutConfig {
  readonly env?: readonly string[];
  readonly cmd?: readonly string[];
  readonly workingDir?: string;
}

/** An image in a layout: what a layout's only manifest and its config say. */
interface LayoutImage {
  readonly layers: readonly LayoutBlob[];
  readonly diffIds: readonly string[];
}

interface LayoutBlob {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/**
 * Writes an OCI image layout with one image, tagged `latest`. Written by hand and from Slipway's own code apart, so
 * that base images of tests do not depend on what the tests check.
 * @param folder created; must not exist
 * @param layerTars uncompressed tar files, base layer first
 * @param options.base folder of a layout whose layers come before `layerTars`
 * @see OCI image-spec, image-layout.md
 */
export async function writeOciLayout(
  folder: string,
  layerTars: readonly string[],
  options: { readonly config: LayoutConfig; readonly base?: string },
): Promise<void> {
  const blobs = path.join(folder, "blobs/sha256");
  mkdirSync(blobs, { recursive: true });
  const { config, base } = options;
  const below = base === undefined ? { layers: [], diffIds: [] } : readImage(base);
  for (const { digest } of below.layers) copyFileSync(blobPath(base!, digest), blobPath(folder, digest));
  const layers = [...below.layers];
  const diffIds = [...below.diffIds];
  for (const tar of layerTars) {
    const { layer, diffId } = await writeLayer(blobs, tar);
    layers.push(layer);
    diffIds.push(diffId);
  }
  const created = "2025-01-01T00:00:00Z";
  const image = {
    created,
    architecture: process.arch === "x64" ? "amd64" : process.arch,
    os: "linux",
    config: { Env: config.env, Cmd: config.cmd, WorkingDir: config.workingDir },
    rootfs: { type: "layers", diff_ids: diffIds },
    history: diffIds.map(() => ({ created, created_by: "tools/images" })),
  };
  const manifest = writeJson(blobs, "application/vnd.oci.image.manifest.v1+json", {
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    config: writeJson(blobs, "application/vnd.oci.image.config.v1+json", image),
    layers,
  });
  const index = {
    schemaVersion: 2,
    manifests: [{ ...manifest, annotations: { "org.opencontainers.image.ref.name": "latest" } }],
  };
  writeFileSync(path.join(folder, "oci-layout"), `{"imageLayoutVersion":"1.0.0"}`);
  writeFileSync(path.join(folder, "index.json"), JSON.stringify(index));
}

/** Path of a blob in a layout. */
export function blobPath(layout: string, digest: string): string {
  return path.join(layout, "blobs", digest.replace(":", "/"));
}

/** Layers and diff IDs of the only image of a layout, base layer first. */
export function readImage(layout: string): LayoutImage {
  const read = <T>(file: string): T => JSON.parse(readFileSync(file, "utf8")) as T;
  const index = read<{ manifests: [LayoutBlob] }>(path.join(layout, "index.json"));
  const manifest = read<{ config: LayoutBlob; layers: LayoutBlob[] }>(
    blobPath(layout, index.manifests[0].digest),
  );
  const config = read<{ rootfs: { diff_ids: string[] } }>(blobPath(layout, manifest.config.digest));
  return { layers: manifest.layers, diffIds: config.rootfs.diff_ids };
}

async function writeLayer(blobs: string, tar: string): Promise<{ layer: LayoutBlob; diffId: string }> {
  const temporary = path.join(blobs, "layer.tmp");
  const plain = createHash("sha256");
  const packed = createHash("sha256");
  await pipeline(
    createReadStream(tar, { highWaterMark: 1 << 20 }),
    tap((chunk) => plain.update(chunk)),
    createGzip({ level: 1, chunkSize: 1 << 18 }),
    tap((chunk) => packed.update(chunk)),
    createWriteStream(temporary),
  );
  const hex = packed.digest("hex");
  const size = statSync(temporary).size;
  renameSync(temporary, path.join(blobs, hex));
  return {
    layer: { mediaType: "application/vnd.oci.image.layer.v1.tar+gzip", digest: `sha256:${hex}`, size },
    diffId: `sha256:${plain.digest("hex")}`,
  };
}

function writeJson(blobs: string, mediaType: string, value: unknown): LayoutBlob {
  const bytes = Buffer.from(JSON.stringify(value));
  const hex = createHash("sha256").update(bytes).digest("hex");
  writeFileSync(path.join(blobs, hex), bytes);
  return { mediaType, digest: `sha256:${hex}`, size: bytes.length };
}

function tap(look: (chunk: Buffer) => void): Transform {
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      look(chunk);
      done(null, chunk);
    },
  });
}
