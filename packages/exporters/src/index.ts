export type { ExporterServices } from "./exporter-services.ts";
export { buildImage, type BuildImageOptions, type BuiltImage, type Document } from "./image/build-image.ts";
export { exporterNames, loadExporter } from "./load-exporter.ts";
