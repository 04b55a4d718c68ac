export * from "./op.ts";
export * from "./vertex.ts";
export {
  canonicalOpBytes,
  createVertex,
  emptyMetadata,
  vertexDigest,
  type VertexInit,
} from "./create-vertex.ts";
export { requiredCaps } from "./capabilities.ts";
export { vertices, walkVertices } from "./walk.ts";
export { COMMIT_MARK } from "./commit-mark.ts";
export { CUSTOM_NAME, opName, vertexName } from "./vertex-name.ts";
export { encode } from "./llb/encode.ts";
export { decode, type DecodeOptions } from "./llb/decode.ts";
export type { LlbErrorCode } from "./llb/wire-reader.ts";
export { ExecState, fromDefinition, State, type StateSettings } from "./build/state.ts";
export type {
  BindMountSpec,
  CacheMountSpec,
  MountSpec,
  RunOptions,
  SecretMountSpec,
  SshMountSpec,
  TmpfsMountSpec,
} from "./build/exec-step.ts";
export {
  copy,
  FileActions,
  mkdir,
  mkfile,
  rm,
  symlink,
  type CopyOptions,
  type MkdirOptions,
  type MkfileOptions,
  type Owner,
  type RmOptions,
  type SymlinkOptions,
} from "./build/file-actions.ts";
export {
  git,
  http,
  image,
  local,
  ociLayout,
  scratch,
  type GitOptions,
  type HttpOptions,
  type ImageOptions,
  type LocalOptions,
  type OciLayoutOptions,
} from "./build/sources.ts";
export { jsonList } from "./build/json-list.ts";
export { build, diff, merge, type BuildOptions } from "./build/combine.ts";
export { toDefinition, type ToDefinitionOptions } from "./build/to-definition.ts";
export type { StepLocation, StepOptions } from "./build/step.ts";
export type { ValidationCode } from "./field-check.ts";
export { outputIndexes, validate } from "./validate.ts";
export { printDot } from "./print/print-dot.ts";
export { printJson } from "./print/print-json.ts";
export { printTree } from "./print/print-tree.ts";
