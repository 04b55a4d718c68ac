import type { ExportContext } from "@slipway/engine-sdk";
import {
  InputError,
  MediaTypes,
  sha256,
  type Descriptor,
  type Digest,
  type OciPlatform,
  type Platform,
} from "@slipway/oci";
import type { ExportSteps } from "../export-progress.ts";
import { selectAnnotations } from "../options/annotations.ts";
import { blobOptions, epochOf, type ImageOptions } from "../options/image-options.ts";
import { buildImage, type BuiltImage, type Document } from "./build-image.ts";
import { encodeIndex } from "./go-json.ts";

/** The image of a build, for one platform or several. */
export interface ImageSet {
  /** In the order of the platforms; at least one. */
  readonly images: readonly BuiltImage[];
  /** Present when there are several, or when one is to look so. */
  readonly index?: Document;
  /** What names of the image stand for: the index, or the only manifest. */
  readonly root: Document;
  /** Annotations of the descriptor of `root` where one is written, as in a layout's index.json. */
  readonly rootAnnotations?: Readonly<Record<string, string>>;
}

function ociPlatform(platform: Platform): OciPlatform {
  return {
    architecture: platform.architecture,
    os: platform.os,
    ...(platform.osVersion ? { "os.version": platform.osVersion } : {}),
    ...(platform.osFeatures ? { "os.features": platform.osFeatures } : {}),
    ...(platform.variant ? { variant: platform.variant } : {}),
  };
}

/** Makes (or finds) all blobs and writes the documents over them. */
export async function buildImageSet(
  context: ExportContext,
  options: ImageOptions,
  steps: ExportSteps,
): Promise<ImageSet> {
  const epochSeconds = epochOf(options, context);
  const several = context.results.length > 1 || context.multiPlatform === true;
  if (!several && options.annotations.some(({ level }) => level === "index")) {
    throw new InputError("ANNOTATION_UNSUPPORTED", "an image for one platform has no index to annotate", {
      hint: "Use annotation.KEY or annotation-manifest.KEY, or build for several platforms.",
    });
  }
  const images: BuiltImage[] = [];
  await steps.run("exporting layers", async () => {
    for (const { platform, ref, config } of context.results) {
      context.signal.throwIfAborted();
      const layers = await ref.blobs(blobOptions(options, epochSeconds));
      images.push(
        buildImage(layers, {
          platform,
          config,
          sourceDateEpochSeconds: epochSeconds,
          ociMediaTypes: options.ociMediaTypes,
          annotations: selectAnnotations(options.annotations, "manifest", platform),
        }),
      );
    }
  });
  for (const { manifest, config } of images) {
    steps.note(`exporting manifest ${manifest.descriptor.digest}`);
    steps.note(`exporting config ${config.descriptor.digest}`);
  }
  const [first] = images;
  if (first && !several) {
    const rootAnnotations = selectAnnotations(options.annotations, "manifest-descriptor", first.platform);
    return { images, root: first.manifest, ...(rootAnnotations ? { rootAnnotations } : {}) };
  }
  const index = buildIndex(images, options);
  steps.note(`exporting manifest list ${index.descriptor.digest}`);
  const rootAnnotations = selectAnnotations(options.annotations, "index-descriptor");
  return { images, index, root: index, ...(rootAnnotations ? { rootAnnotations } : {}) };
}

function buildIndex(images: readonly BuiltImage[], options: ImageOptions): Document {
  const mediaType = options.ociMediaTypes ? MediaTypes.ociIndex : MediaTypes.dockerManifestList;
  const annotations = selectAnnotations(options.annotations, "index");
  const manifests = images.map(({ manifest, platform }): Descriptor => {
    const own = selectAnnotations(options.annotations, "manifest-descriptor", platform);
    return { ...manifest.descriptor, ...(own ? { annotations: own } : {}), platform: ociPlatform(platform) };
  });
  const bytes = encodeIndex({
    schemaVersion: 2,
    mediaType,
    manifests,
    ...(annotations ? { annotations } : {}),
  });
  return { bytes, descriptor: { mediaType, digest: sha256(bytes), size: bytes.length } };
}

/** All small blobs of the set but its root, each digest once. */
export function documentsOf(set: ImageSet): Map<Digest, Document> {
  const documents = new Map<Digest, Document>();
  for (const { manifest, config } of set.images) {
    documents.set(config.descriptor.digest, config);
    documents.set(manifest.descriptor.digest, manifest);
  }
  documents.delete(set.root.descriptor.digest);
  return documents;
}

/** All layers of the set, each digest once. */
export function layersOf(set: ImageSet): BuiltImage["layers"] {
  return [
    ...new Map(
      set.images.flatMap(({ layers }) => layers).map((layer) => [layer.descriptor.digest, layer]),
    ).values(),
  ];
}
