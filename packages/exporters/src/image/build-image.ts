import { MediaTypes, sha256, type Descriptor, type ImageConfig, type Platform } from "@slipway/oci";
import type { LayerBlob } from "@slipway/engine-sdk";
import { alignHistory } from "./history.ts";
import { encodeConfig, encodeManifest } from "./go-json.ts";

export interface BuildImageOptions {
  readonly platform: Platform;
  /** Without `rootfs`; absent for an image that nobody configured. */
  readonly config?: ImageConfig;
  /** Becomes the time of the image and of all that this build added to its history. */
  readonly sourceDateEpochSeconds?: number;
  readonly ociMediaTypes: boolean;
  /** Of the manifest. */
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A small blob in memory with the descriptor that names it. */
export interface Document {
  readonly descriptor: Descriptor;
  readonly bytes: Buffer;
}

/** One platform's image, complete. */
export interface BuiltImage {
  readonly platform: Platform;
  readonly manifest: Document;
  readonly config: Document;
  /** Base layer first. */
  readonly layers: readonly LayerBlob[];
}

/** Seconds since the epoch as RFC 3339. */
export function formatEpoch(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace(".000Z", "Z");
}

function defaultConfig(platform: Platform): ImageConfig {
  return {
    architecture: platform.architecture,
    os: platform.os,
    ...(platform.variant ? { variant: platform.variant } : {}),
    config: { Env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"], WorkingDir: "/" },
  };
}

/** Only what a registry needs to know: media type, digest, size and what the layer's maker said of it. */
function layerDescriptor({ descriptor }: LayerBlob): Descriptor {
  const { mediaType, digest, size, annotations } = descriptor;
  return { mediaType, digest, size, ...(annotations ? { annotations } : {}) };
}

/**
 * Completes an image: its config gets `rootfs`, a history that fits, and the time it was made, that of its last step.
 * Equal inputs give equal bytes.
 * @see OCI image-spec, config.md and manifest.md
 */
export function buildImage(layers: readonly LayerBlob[], options: BuildImageOptions): BuiltImage {
  const epoch =
    options.sourceDateEpochSeconds === undefined ? undefined : formatEpoch(options.sourceDateEpochSeconds);
  const base = options.config ?? defaultConfig(options.platform);
  const history = alignHistory(base.history ?? [], layers, epoch);
  const created = epoch ?? base.created ?? history.findLast((entry) => entry.created !== undefined)?.created;
  const configBytes = encodeConfig({
    ...base,
    ...(created === undefined ? {} : { created }),
    config: base.config ?? {},
    rootfs: { type: "layers", diff_ids: layers.map(({ diffId }) => diffId) },
    ...(history.length > 0 ? { history } : {}),
  });
  const config: Document = {
    bytes: configBytes,
    descriptor: {
      mediaType: options.ociMediaTypes ? MediaTypes.ociConfig : MediaTypes.dockerConfig,
      digest: sha256(configBytes),
      size: configBytes.length,
    },
  };
  const mediaType = options.ociMediaTypes ? MediaTypes.ociManifest : MediaTypes.dockerManifest;
  const manifestBytes = encodeManifest({
    schemaVersion: 2,
    mediaType,
    config: config.descriptor,
    layers: layers.map(layerDescriptor),
    ...(options.annotations ? { annotations: options.annotations } : {}),
  });
  const manifest: Document = {
    bytes: manifestBytes,
    descriptor: { mediaType, digest: sha256(manifestBytes), size: manifestBytes.length },
  };
  return { platform: options.platform, manifest, config, layers };
}
