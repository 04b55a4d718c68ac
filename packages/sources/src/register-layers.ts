import { InputError, type Descriptor, type ImageConfig, type Manifest } from "@slipway/oci";
import type { LayerId } from "@slipway/engine-sdk";
import type { Store } from "@slipway/store";

/**
 * Registers an image's layers with the store; nothing is fetched.
 * @throws InputError `IMAGE_UNSUPPORTED` when config and manifest do not belong together
 */
export function registerLayers(
  store: Store,
  image: { readonly manifest: Manifest; readonly config: ImageConfig },
  place: {
    /** For messages. */
    readonly name: string;
    /** `registry/repository` that has the blobs. */
    readonly origin: string;
    readonly fetch: (descriptor: Descriptor, signal: AbortSignal) => AsyncIterable<Uint8Array>;
  },
): LayerId[] {
  const { manifest, config } = image;
  const diffIds = config.rootfs?.diff_ids ?? [];
  if (diffIds.length !== manifest.layers.length) {
    throw new InputError(
      "IMAGE_UNSUPPORTED",
      `${place.name} has ${manifest.layers.length} layers and ${diffIds.length} diff IDs`,
      {
        hint: "Its config does not belong to its manifest: push the image again.",
      },
    );
  }
  return manifest.layers.map((descriptor, index) =>
    store.layers.addRemote({
      descriptor,
      diffId: diffIds[index] as (typeof diffIds)[number],
      ...(config.created === undefined ? {} : { created: config.created }),
      origin: place.origin,
      fetch: (signal) => place.fetch(descriptor, signal),
    }),
  );
}
