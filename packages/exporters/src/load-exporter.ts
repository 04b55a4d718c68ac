import type { Exporter } from "@slipway/engine-sdk";
import type { ExporterServices } from "./exporter-services.ts";

/** Names of the exporters that come with Slipway, sorted. */
export const exporterNames: readonly string[] = ["docker", "image", "local", "oci", "registry", "tar"];

/** Loads an exporter with what it needs, and nothing of the others; undefined for a name that is not among `exporterNames`. */
export async function loadExporter(
  name: string,
  services: ExporterServices,
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- each exporter has options of its own
): Promise<Exporter<any> | undefined> {
  switch (name) {
    case "oci":
      return (await import("./oci.ts")).ociArchive;
    case "docker":
      return (await import("./oci.ts")).dockerArchive;
    case "image":
    case "registry":
      return (await import("./image.ts")).createImageExporter(name, services);
    case "local":
      return (await import("./local.ts")).localFolder;
    case "tar":
      return (await import("./tar.ts")).fileTar;
    default:
      return undefined;
  }
}
