import type { LayerBlob } from "@slipway/engine-sdk";
import {
  digestHex,
  familiarImageReference,
  formatImageReference,
  type Descriptor,
  type Digest,
  type ImageReference,
} from "@slipway/oci";
import { encodeIndex } from "../image/go-json.ts";
import { documentsOf, layersOf, type ImageSet } from "../image/image-set.ts";

/** A file of an image layout: bytes in memory, or a layer's. */
export type LayoutFile =
  | { readonly path: string; readonly kind: "bytes"; readonly bytes: Buffer; readonly sizeBytes: number }
  | { readonly path: string; readonly kind: "layer"; readonly layer: LayerBlob; readonly sizeBytes: number };

export interface LayoutOptions {
  readonly names: readonly ImageReference[];
  /** Adds what `docker load` reads. */
  readonly docker: boolean;
}

export const LAYOUT_MARKER: Buffer = Buffer.from('{"imageLayoutVersion":"1.0.0"}');

function blobPath(digest: Digest): string {
  return `blobs/sha256/${digestHex(digest)}`;
}

function bytesFile(path: string, bytes: Buffer): LayoutFile {
  return { path, kind: "bytes", bytes, sizeBytes: bytes.length };
}

/** The entries of `index.json` for an image: one for each of its names, or one without. */
export function rootDescriptors(set: ImageSet, names: readonly ImageReference[]): Descriptor[] {
  const { descriptor } = set.root;
  const own = set.rootAnnotations ?? {};
  if (names.length === 0) return [{ ...descriptor, ...(set.rootAnnotations ? { annotations: own } : {}) }];
  return names.map((name) => ({
    ...descriptor,
    annotations: {
      ...own,
      "io.containerd.image.name": formatImageReference(name),
      "org.opencontainers.image.ref.name": name.tag ?? "latest",
    },
  }));
}

/** What `docker load` reads. @see Docker, image/spec v1.2, "Combined Image JSON + Filesystem Changeset Format" */
function dockerManifest(set: ImageSet, names: readonly ImageReference[]): Buffer {
  const images = set.images.map(({ config, layers }) => ({
    Config: blobPath(config.descriptor.digest),
    RepoTags: names.length > 0 ? names.map(familiarImageReference) : null,
    Layers: layers.map(({ descriptor }) => blobPath(descriptor.digest)),
  }));
  return Buffer.from(JSON.stringify(images));
}

/** All blobs of an image, sorted by path. */
export function blobFiles(set: ImageSet): LayoutFile[] {
  const files = [set.root, ...documentsOf(set).values()].map(({ descriptor, bytes }) =>
    bytesFile(blobPath(descriptor.digest), bytes),
  );
  for (const layer of layersOf(set)) {
    files.push({
      path: blobPath(layer.descriptor.digest),
      kind: "layer",
      layer,
      sizeBytes: layer.descriptor.size,
    });
  }
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** All files of an image layout, sorted by path. @see OCI image-spec, image-layout.md */
export function layoutFiles(set: ImageSet, { names, docker }: LayoutOptions): LayoutFile[] {
  return [
    ...blobFiles(set),
    bytesFile("index.json", encodeIndex({ schemaVersion: 2, manifests: rootDescriptors(set, names) })),
    ...(docker ? [bytesFile("manifest.json", dockerManifest(set, names))] : []),
    bytesFile("oci-layout", LAYOUT_MARKER),
  ];
}
