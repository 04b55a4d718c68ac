export * from "./contracts.ts";
export * from "./layer-index/byte-path.ts";
export * from "./layer-index/entry.ts";
export { defaultStoreRoot } from "./default-store-root.ts";
export { openStore, type OpenStoreOptions } from "./store.ts";
export { scanFolder, type ScanFolderOptions, type Selection } from "./context/scan-folder.ts";
export { OVERLAY_OPTIONS } from "./layers/overlay-form.ts";
export { planFileOp, type FileOpOutput, type FileOpRequest } from "./file-ops/plan-file-op.ts";
export { selectCopySources, selectionDigest, type CopiedEntry } from "./file-ops/selection-digest.ts";
