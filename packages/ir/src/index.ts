export * from "./op.ts";
export * from "./vertex.ts";
export { canonicalOpBytes, createVertex, emptyMetadata, vertexDigest, type VertexInit } from "./create-vertex.ts";
export { vertices, walkVertices } from "./walk.ts";
export { CUSTOM_NAME, opName, vertexName } from "./vertex-name.ts";
export { encode } from "./llb/encode.ts";
export { decode, type DecodeOptions } from "./llb/decode.ts";
export type { LlbErrorCode } from "./llb/wire-reader.ts";
