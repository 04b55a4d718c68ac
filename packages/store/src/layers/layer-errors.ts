import { WorldError, type Descriptor, type Digest } from "@slipway/oci";
import type { LayerId } from "@slipway/engine-sdk";

/** For a layer that the store does not have. */
export function layerNotAvailable(id: LayerId): WorldError<"LAYER_NOT_AVAILABLE"> {
  return new WorldError("LAYER_NOT_AVAILABLE", `layer ${id} is not in the store`, {
    hint: "Build again: it is made or fetched anew.",
    retryable: true,
    data: { layer: id },
  });
}

/** For a blob that neither the store nor a known registry has. */
export function blobNotAvailable(id: LayerId, digest: Digest): WorldError<"LAYER_NOT_AVAILABLE"> {
  return new WorldError(
    "LAYER_NOT_AVAILABLE",
    `blob ${digest} is not in the store and no registry is known to have it`,
    {
      hint: "Build again with the image that it is from within reach.",
      retryable: true,
      data: { layer: id, digest },
    },
  );
}

/** For a layer whose files do not agree with what is known of it. */
export function layerDamaged(id: LayerId): WorldError<"LAYER_DAMAGED"> {
  return new WorldError("LAYER_DAMAGED", `layer ${id} is damaged; it was removed from the cache`, {
    hint: "Build again: it is made anew. If it comes back, check the disk that holds the store.",
    retryable: true,
    data: { layer: id },
  });
}

/** For a blob that is shorter or longer than its descriptor says. */
export function blobSizeMismatch(descriptor: Descriptor): WorldError<"BLOB_SIZE_MISMATCH"> {
  return new WorldError(
    "BLOB_SIZE_MISMATCH",
    `blob ${descriptor.digest} is not ${descriptor.size} bytes long`,
    {
      hint: "Try again; if it stays, the registry or a mirror serves a damaged blob.",
      retryable: true,
      data: { digest: descriptor.digest, size: descriptor.size },
    },
  );
}
