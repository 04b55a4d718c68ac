import type { SourceMeta } from "@slipway/frontend-sdk";
import type { Source } from "@slipway/engine-sdk";
import type { SourceOp } from "@slipway/ir";
import { formatImageReference, InputError, type Platform } from "@slipway/oci";
import {
  createGitSource,
  createHttpSource,
  createImageSource,
  createLocalSource,
  createOciLayoutSource,
  type ImageResolver,
} from "@slipway/sources";
import type { Store } from "@slipway/store";
import type { BuildRequest } from "../contracts.ts";

/** Where one build gets filesystems from. */
export interface BuildSources {
  readonly sources: readonly Source[];
  /** See Bridge.resolveSourceMeta. */
  meta(op: SourceOp, platform: Platform, signal: AbortSignal): Promise<SourceMeta>;
}

/** All sources, over what the request lends. What a scheme needs is loaded when a build names it. */
export function createBuildSources(options: {
  readonly store: Store;
  readonly images: ImageResolver;
  readonly request: BuildRequest;
}): BuildSources {
  const { store, images, request } = options;
  const session = request.session === undefined ? {} : { session: request.session };
  const http = createHttpSource({
    store,
    ...session,
    ...(request.uploads ? { uploads: request.uploads } : {}),
  });
  const layouts = createOciLayoutSource({ store, layouts: request.ociLayouts ?? {} });
  const git = createGitSource({ store, ...session });
  return {
    sources: [
      createImageSource(images),
      createLocalSource({ store, folders: request.localDirs }),
      layouts,
      git,
      http,
    ],
    async meta(op, platform, signal) {
      const scheme = op.identifier.slice(0, Math.max(op.identifier.indexOf("://"), 0));
      switch (scheme) {
        case "docker-image": {
          const image = await images.resolve(op.identifier.slice("docker-image://".length), platform, signal);
          const ref = formatImageReference(image.reference);
          return {
            kind: "image",
            image: { ref, digest: image.reference.digest, config: image.config },
          };
        }
        case "oci-layout":
          return { kind: "image", image: await layouts.meta(op, platform, signal) };
        case "git":
          return { kind: "git", ...(await git.meta(op, signal)) };
        case "http":
        case "https":
          return { kind: "http", ...(await http.meta(op, signal)) };
        default:
          throw new InputError(
            "SOURCE_UNSUPPORTED",
            `there is nothing to tell about ${op.identifier} before it is there`,
            {
              hint: "The frontend has to solve it.",
            },
          );
      }
    },
  };
}
