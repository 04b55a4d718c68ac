import {
  InputError,
  WorldError,
  sha256,
  type Descriptor,
  type ImageConfig,
  type Index,
  type Manifest,
  type Digest,
} from "@slipway/oci";

/** A document of a registry with its very bytes, which its digest is over. */
export interface RemoteDocument {
  readonly descriptor: Descriptor;
  readonly bytes: Buffer;
}

export type ManifestDocument =
  | (RemoteDocument & { readonly kind: "manifest"; readonly manifest: Manifest })
  | (RemoteDocument & { readonly kind: "index"; readonly index: Index });

/** One platform's image, with everything that led to it; the layers are not fetched. */
export interface RemoteImage {
  /** What the name stands for: the index, or the manifest when there is no index. */
  readonly descriptor: Descriptor;
  /** Indexes from the outside in; mostly none or one. */
  readonly indexes: readonly (RemoteDocument & { readonly index: Index })[];
  readonly manifest: RemoteDocument & { readonly manifest: Manifest };
  readonly config: RemoteDocument & { readonly config: ImageConfig };
}

/** @throws WorldError `BLOB_DIGEST_MISMATCH` */
export function checkDigest(bytes: Uint8Array, expected: Digest, registry: string): void {
  const actual = sha256(bytes);
  if (actual === expected) return;
  throw new WorldError(
    "BLOB_DIGEST_MISMATCH",
    `${registry} served a document that is not ${expected}: it is ${actual}`,
    {
      retryable: true,
      hint: "Pull again; if it stays, the registry or a proxy before it holds a damaged copy.",
      data: { registry, expected, actual },
    },
  );
}

/**
 * Tells manifests from indexes and checks their shape.
 * @throws InputError `DOCUMENT_INVALID`, `IMAGE_UNSUPPORTED` for what is neither.
 */
export async function readManifestDocument(
  bytes: Buffer,
  descriptor: Descriptor,
  image: string,
): Promise<ManifestDocument> {
  const { isIndexMediaType, isManifestMediaType } = await import("@slipway/oci");
  const { parseIndex, parseManifest } = await import("@slipway/oci/schemas");
  if (isIndexMediaType(descriptor.mediaType))
    return { kind: "index", descriptor, bytes, index: parseIndex(bytes) };
  if (isManifestMediaType(descriptor.mediaType))
    return { kind: "manifest", descriptor, bytes, manifest: parseManifest(bytes) };
  throw new InputError(
    "IMAGE_UNSUPPORTED",
    `${image} is of a kind that is not an image: ${descriptor.mediaType}`,
    {
      hint: "Push it again with a tool of this decade: only Docker's schema 2 and OCI images are supported.",
      data: { mediaType: descriptor.mediaType },
    },
  );
}
