export * from "./descriptor.ts";
export * from "./digest.ts";
export * from "./errors.ts";
export * from "./image-config.ts";
export * from "./image-reference.ts";
export * from "./manifest.ts";
export * from "./media-types.ts";
export * from "./platform.ts";
