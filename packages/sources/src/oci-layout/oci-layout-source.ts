import type { Source } from "@slipway/engine-sdk";
import type { SourceOp } from "@slipway/ir";
import { formatPlatform, type Digest, type ImageConfig, type Platform } from "@slipway/oci";
import type { OciLayoutSourceOptions } from "./layout-options.ts";
import type { LayoutImages } from "./layout-images.ts";

/** What a reference to a layout stands for. */
export interface OciLayoutMeta {
  /** `store@sha256:…` */
  readonly ref: string;
  readonly digest: Digest;
  readonly config: ImageConfig;
}

export interface OciLayoutSource extends Source {
  meta(op: SourceOp, platform: Platform, signal: AbortSignal): Promise<OciLayoutMeta>;
}

/**
 * Images of folders in OCI layout: `oci-layout://name@sha256:…`, the folder being the one lent as `oci.store` (default:
 * `name`). Everything that is read from it is checked against its digest. Layers are read when something looks into them.
 */
export function createOciLayoutSource(options: OciLayoutSourceOptions): OciLayoutSource {
  let impl: Promise<LayoutImages> | undefined;
  const images = (): Promise<LayoutImages> =>
    (impl ??= import("./layout-images.ts").then(({ createLayoutImages }) => createLayoutImages(options)));
  return {
    schemes: ["oci-layout"],
    async key(op, platform) {
      const { digest } = await (await images()).resolve(op, platform);
      return `oci-layout ${digest} ${formatPlatform(platform)}`;
    },
    async load(op, platform) {
      return (await (await images()).resolve(op, platform)).ref;
    },
    async meta(op, platform) {
      const { store, digest, config } = await (await images()).resolve(op, platform);
      return { ref: `${store}@${digest}`, digest, config };
    },
  };
}
