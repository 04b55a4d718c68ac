import fs from "node:fs";
import {
  type Descriptor,
  type Digest,
  formatImageReference,
  formatPlatform,
  type ImageConfig,
  type ImageReference,
  type Index,
  type Manifest,
  parseImageReference,
  type Platform,
  WorldError,
} from "@slipway/oci";
import { choosePlatform, type RegistryClient } from "@slipway/registry";
import type { LayerId, Ref } from "@slipway/engine-sdk";
import type { Store } from "@slipway/store";
import { registerLayers } from "./register-layers.ts";

/** An image for one platform, known by its documents; its layers are registered with the store, not fetched. */
export interface KnownImage {
  /** Complete, with the digest of what the name stands for. */
  readonly reference: ImageReference & { readonly digest: Digest };
  readonly manifest: Manifest;
  readonly config: ImageConfig;
  readonly ref: Ref;
}

/** Finds images for one build: a name means the same image from the build's first look at it to its last. */
export interface ImageResolver {
  /** What the name stands for, with its digest. Asks the registry, once, unless the name has a digest. */
  pin(name: string, signal: AbortSignal): Promise<ImageReference & { readonly digest: Digest }>;
  /**
   * Documents and layers. What was seen once is read from the store: an image named by digest needs no network then.
   * @throws InputError `IMAGE_NOT_FOUND`, `PLATFORM_NOT_FOUND`, `IMAGE_UNSUPPORTED`; WorldError of the registry
   */
  resolve(name: string, platform: Platform, signal: AbortSignal): Promise<KnownImage>;
}

interface Documents {
  readonly manifest: Manifest;
  readonly config: ImageConfig;
}

export function createImageResolver(options: {
  readonly store: Store;
  readonly registry: RegistryClient;
}): ImageResolver {
  const { store, registry } = options;
  const pins = new Map<string, Promise<ImageReference & { readonly digest: Digest }>>();
  const images = new Map<string, Promise<KnownImage>>();

  async function findPin(
    name: string,
    signal: AbortSignal,
  ): Promise<ImageReference & { readonly digest: Digest }> {
    const reference = parseImageReference(name);
    if (reference.digest !== undefined) return { ...reference, digest: reference.digest };
    const tagged = { ...reference, tag: reference.tag ?? "latest" };
    const { digest } = await registry.resolve(tagged, { signal });
    return { ...tagged, digest };
  }

  async function find(name: string, platform: Platform, signal: AbortSignal): Promise<KnownImage> {
    const reference = await self.pin(name, signal);
    const documents =
      fromStore(store, reference, platform) ?? (await fromRegistry(reference, platform, signal));
    return { reference, ...documents, ref: { layers: register(reference, documents) } };
  }

  async function fromRegistry(
    reference: ImageReference,
    platform: Platform,
    signal: AbortSignal,
  ): Promise<Documents> {
    const image = await registry.image(reference, platform, { signal });
    for (const document of [...image.indexes, image.manifest, image.config]) {
      await keep(store, document.bytes, document.descriptor.digest);
    }
    return { manifest: image.manifest.manifest, config: image.config.config };
  }

  function register(reference: ImageReference, documents: Documents): LayerId[] {
    const repository = { registry: reference.registry, repository: reference.repository };
    return registerLayers(store, documents, {
      name: formatImageReference(reference),
      origin: `${reference.registry}/${reference.repository}`,
      fetch: ({ digest, size }, signal) => registry.blob(repository, { digest, size }, { signal }),
    });
  }

  const self: ImageResolver = {
    pin(name, signal) {
      let pin = pins.get(name);
      if (!pin) pins.set(name, (pin = findPin(name, signal)));
      return pin;
    },
    resolve(name, platform, signal) {
      const key = `${name} ${formatPlatform(platform)}`;
      let image = images.get(key);
      if (!image) images.set(key, (image = find(name, platform, signal)));
      return image;
    },
  };
  return self;
}

async function keep(store: Store, bytes: Uint8Array, digest: Digest): Promise<void> {
  if (store.blobs.has(digest)) return;
  const writer = await store.blobs.create();
  try {
    await writer.write(bytes);
    await writer.commit(digest);
  } finally {
    await writer.abort();
  }
}

/** What the store has was checked when it came in; a document that is missing or odd is asked for again. */
function fromStore(
  store: Store,
  reference: ImageReference & { readonly digest: Digest },
  platform: Platform,
): Documents | undefined {
  let document = readJson<Partial<Index> & Partial<Manifest>>(store, reference.digest);
  for (let depth = 0; Array.isArray(document?.manifests) && depth < 4; depth++) {
    // As an image's name this digest was never looked at: whoever asks the registry for it gets told off.
    if (document.config || document.layers) return undefined;
    const chosen: Descriptor = choosePlatform(document.manifests, platform, formatImageReference(reference));
    document = readJson(store, chosen.digest);
  }
  if (!document?.config || !Array.isArray(document.layers)) return undefined;
  const config = readJson<ImageConfig>(store, document.config.digest);
  return config === undefined ? undefined : { manifest: document as Manifest, config };
}

function readJson<T>(store: Store, digest: Digest): T | undefined {
  if (!store.blobs.has(digest)) return undefined;
  try {
    return JSON.parse(fs.readFileSync(store.blobs.path(digest), "utf8")) as T;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof WorldError) return undefined;
    throw error;
  }
}
