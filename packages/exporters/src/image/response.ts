import type { ExporterResponse } from "@slipway/engine-sdk";
import { formatImageReference, type ImageReference } from "@slipway/oci";
import { orderedDescriptor } from "./go-json.ts";
import type { ImageSet } from "./image-set.ts";

/** What a build answers about an image, under BuildKit's keys. */
export function imageResponse(set: ImageSet, names: readonly ImageReference[]): ExporterResponse {
  const [only] = set.images;
  const { descriptor } = set.root;
  return {
    "containerimage.digest": descriptor.digest,
    // BuildKit leaves it out for several platforms, which have a config each.
    ...(only && set.images.length === 1
      ? { "containerimage.config.digest": only.config.descriptor.digest }
      : {}),
    "containerimage.descriptor": orderedDescriptor({
      ...descriptor,
      ...(set.rootAnnotations ? { annotations: set.rootAnnotations } : {}),
    }),
    ...(names.length > 0 ? { "image.name": names.map(formatImageReference).join(",") } : {}),
  };
}
