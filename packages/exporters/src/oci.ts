import path from "node:path";
import {
  defineExporter,
  type ExportContext,
  type Exporter,
  type ExporterResponse,
  type PreparedExport,
} from "@slipway/engine-sdk";
import { InputError } from "@slipway/oci";
import { layoutFiles } from "./archive/layout-files.ts";
import { writeLayoutArchive } from "./archive/write-archive.ts";
import { writeLayoutFolder } from "./archive/write-layout-folder.ts";
import { withExportSteps } from "./export-progress.ts";
import { writeDestination } from "./files/write-destination.ts";
import { buildImageSet, type ImageSet } from "./image/image-set.ts";
import { imageResponse } from "./image/response.ts";
import { flag, optionsSchema, text } from "./options/fields.ts";
import { checkImageOptions, imageFields, wantedBlobs, type ImageOptions } from "./options/image-options.ts";

export interface ArchiveOptions extends ImageOptions {
  /** A file, or with `tar=false` a folder; `-` is stdout. */
  readonly dest: string | undefined;
  readonly tar: boolean;
}

/**
 * An image in one file as `docker load` and others read it. Without a `dest` the archive is handed to a running Docker
 * or Podman. Holds one platform.
 */
export const dockerArchive: Exporter<ArchiveOptions> = defineExporter({
  name: "docker",
  options: optionsSchema<ArchiveOptions>({
    ...imageFields({ ociMediaTypes: false }),
    dest: text("dest"),
    tar: flag("tar", true),
  }),
  prepare: (options) => prepareArchive(options, true),
});

/** An image, or an index of several, as an OCI image layout: in a tar archive or in a folder. */
export const ociArchive: Exporter<ArchiveOptions> = defineExporter({
  name: "oci",
  options: optionsSchema<ArchiveOptions>({
    ...imageFields({ ociMediaTypes: true }),
    dest: text("dest"),
    tar: flag("tar", true),
  }),
  prepare: (options) => prepareArchive(options, false),
});

function prepareArchive(options: ArchiveOptions, docker: boolean): PreparedExport {
  checkImageOptions(options);
  const type = docker ? "docker" : "oci";
  if (options.dest === undefined && !(docker && options.tar)) {
    throw new InputError("EXPORTER_OPTION_INVALID", `--output type=${type} has no dest`, {
      hint: `Say where to write: type=${type},dest=${options.tar ? "image.tar" : "FOLDER,tar=false"}.`,
    });
  }
  if (options.dest === "-" && !options.tar) {
    throw new InputError("EXPORTER_OPTION_INVALID", "a folder can't be written to stdout", {
      hint: "Leave out tar=false, or name a folder as dest.",
    });
  }
  return {
    wantsBlobs: wantedBlobs(options),
    write: (context) =>
      withExportSteps(
        context.progress,
        docker ? "exporting to docker image format" : "exporting to oci image format",
        async (steps) => {
          if (docker && context.results.length > 1) {
            throw new InputError("PLATFORMS_UNSUPPORTED", "Docker's archive format holds one platform only", {
              hint: "Use type=oci, or build for one platform.",
            });
          }
          const set = await buildImageSet(context, options, steps);
          if (options.dest === undefined) {
            const { loadImage } = await import("./load.ts");
            await loadImage(set, options, { context, steps });
          } else {
            await steps.run(`sending ${options.tar ? "tarball" : "files"}`, (report) =>
              writeImage(set, options, { context, docker, report }),
            );
          }
          return imageResponse(set, options.names);
        },
      ) as Promise<ExporterResponse>,
  };
}

async function writeImage(
  set: ImageSet,
  options: ArchiveOptions,
  {
    context,
    docker,
    report,
  }: { context: ExportContext; docker: boolean; report: (current: number, total: number) => void },
): Promise<void> {
  const dest = options.dest as string;
  const { signal } = context;
  const layout = { names: options.names, docker };
  if (!options.tar)
    return writeLayoutFolder(path.resolve(context.cwd, dest), set, { ...layout, signal, report });
  return writeDestination(dest, context, (sink) =>
    writeLayoutArchive(sink, layoutFiles(set, layout), { signal, report }),
  );
}
