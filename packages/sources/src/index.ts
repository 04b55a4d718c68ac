export {
  createGitSource,
  type GitSource,
  type GitSourceMeta,
  type GitSourceOptions,
} from "./git/git-source.ts";
export {
  createHttpSource,
  type HttpSource,
  type HttpSourceMeta,
  type HttpSourceOptions,
} from "./http/http-source.ts";
export { createImageResolver, type ImageResolver, type KnownImage } from "./image-resolver.ts";
export { createImageSource } from "./image-source.ts";
export { createLocalSource, type LocalSource } from "./local-source.ts";
export {
  createOciLayoutSource,
  type OciLayoutMeta,
  type OciLayoutSource,
  type OciLayoutSourceOptions,
} from "./oci-layout/oci-layout-source.ts";
