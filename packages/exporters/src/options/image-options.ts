import type { ExportContext, LayerBlobOptions } from "@slipway/engine-sdk";
import { InputError, parseImageReference, type ImageReference, type LayerCompression } from "@slipway/oci";
import { annotations, type Annotation } from "./annotations.ts";
import { choice, flag, integer, parsed, type Field } from "./fields.ts";

/** What all exporters of images take, under BuildKit's names. */
export interface ImageOptions {
  /** With a tag and without a digest. */
  readonly names: readonly ImageReference[];
  readonly compression: "uncompressed" | "gzip" | "zstd";
  readonly compressionLevel: number | undefined;
  readonly forceCompression: boolean;
  readonly ociMediaTypes: boolean;
  readonly rewriteTimestamp: boolean;
  readonly annotations: readonly Annotation[];
  /** Overrides that of the build. */
  readonly sourceDateEpochSeconds: number | undefined;
}

function names(value: string | undefined): ImageReference[] {
  const list = (value ?? "").split(",").map((name) => name.trim());
  return list
    .filter((name) => name !== "")
    .map((name) => {
      const reference = parseImageReference(name);
      if (reference.digest) throw new Error(`"${name}" has a digest, which is known only after the build`);
      return { ...reference, tag: reference.tag ?? "latest" };
    });
}

export function imageFields(defaults: { readonly ociMediaTypes: boolean }): {
  readonly [Key in keyof ImageOptions]: Field<ImageOptions[Key]>;
} {
  return {
    names: parsed("name", names),
    compression: choice("compression", ["uncompressed", "gzip", "zstd"], "gzip"),
    compressionLevel: integer("compression-level"),
    forceCompression: flag("force-compression", false),
    ociMediaTypes: flag("oci-mediatypes", defaults.ociMediaTypes),
    rewriteTimestamp: flag("rewrite-timestamp", false),
    annotations,
    sourceDateEpochSeconds: integer("source-date-epoch"),
  };
}

const LEVELS: Readonly<Record<string, readonly [number, number]>> = { gzip: [0, 9], zstd: [1, 22] };

/**
 * What no single option can tell.
 * @throws InputError `EXPORTER_OPTION_INVALID`
 */
export function checkImageOptions(options: ImageOptions): void {
  const { compression, compressionLevel: level } = options;
  const refuse = (message: string, hint: string) => {
    throw new InputError("EXPORTER_OPTION_INVALID", message, { hint });
  };
  if (compression === "zstd" && !options.ociMediaTypes) {
    refuse(
      "Docker's media types have none for zstd",
      "Leave out oci-mediatypes=false, or use compression=gzip.",
    );
  }
  if (level !== undefined) {
    const range = LEVELS[compression];
    if (!range) refuse("compression-level needs a compression", "Leave it out, or use compression=gzip.");
    else if (level < range[0] || level > range[1]) {
      refuse(`compression-level ${level} is not one of ${compression}'s`, `Use ${range[0]} to ${range[1]}.`);
    }
  }
}

/** SOURCE_DATE_EPOCH for one export. */
export function epochOf(
  options: ImageOptions,
  context: Pick<ExportContext, "sourceDateEpochSeconds">,
): number | undefined {
  return options.sourceDateEpochSeconds ?? context.sourceDateEpochSeconds;
}

const COMPRESSIONS: Readonly<Record<ImageOptions["compression"], LayerCompression>> = {
  uncompressed: "none",
  gzip: "gzip",
  zstd: "zstd",
};

/** The form in which layers are wanted. */
export function blobOptions(options: ImageOptions, epochSeconds: number | undefined): LayerBlobOptions {
  return {
    compression: COMPRESSIONS[options.compression],
    ...(options.compressionLevel === undefined ? {} : { compressionLevel: options.compressionLevel }),
    force: options.forceCompression,
    dockerMediaTypes: !options.ociMediaTypes,
    ...(options.rewriteTimestamp && epochSeconds !== undefined
      ? { rewriteTimestampSeconds: epochSeconds }
      : {}),
  };
}

/** What the engine may prepare for while the build runs; undefined when that depends on what only the build knows. */
export function wantedBlobs(options: ImageOptions): LayerBlobOptions | undefined {
  return options.rewriteTimestamp && options.sourceDateEpochSeconds === undefined
    ? undefined
    : blobOptions(options, options.sourceDateEpochSeconds);
}
