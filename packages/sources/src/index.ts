export type { GitSourceMeta, GitSourceOptions } from "./git/git-options.ts";
export { createGitSource, type GitSource } from "./git/git-source.ts";
export type { HttpSourceMeta, HttpSourceOptions } from "./http/http-options.ts";
export { createHttpSource, type HttpSource } from "./http/http-source.ts";
export { createImageResolver, type ImageResolver, type KnownImage } from "./image-resolver.ts";
export { createImageSource } from "./image-source.ts";
export { createLocalSource, type LocalSource } from "./local-source.ts";
export type { OciLayoutSourceOptions } from "./oci-layout/layout-options.ts";
export {
  createOciLayoutSource,
  type OciLayoutMeta,
  type OciLayoutSource,
} from "./oci-layout/oci-layout-source.ts";
