import { familiarImageReference, formatImageReference, parseImageReference } from "@slipway/oci";
import type { ExportRequest } from "@slipway/engine";
import { UsageError, usageOf } from "../usage-error.ts";
import { annotationAttrs } from "./annotations.ts";
import type { OutputFlags } from "./build-flags.ts";
import { parseOutputSpec, writesToStdout } from "./output-spec.ts";

/** Types that hold an image, with a name and annotations. */
const IMAGES = new Set(["image", "oci", "docker"]);

/**
 * What `--output`, `--push`, `--load`, `--tag` and `--annotation` ask for together, as docker buildx reads them: tags
 * name every image that is written, `--push` and `--load` add an exporter unless `--output` has one that fits.
 * @throws UsageError
 */
export function exportRequests(
  flags: OutputFlags,
  terminal: { readonly stdoutIsTty: () => boolean },
): ExportRequest[] {
  const tags = flags.tag.map(normalizedTag);
  const outputs = flags.output
    .map(parseOutputSpec)
    .map((output) => ({ type: output.type, attrs: { ...output.attrs } as Record<string, string> }));
  if (flags.push) {
    const images = outputs.filter((output) => output.type === "image");
    if (images.length === 0) outputs.push({ type: "image", attrs: { push: "true" } });
    for (const image of images) image.attrs["push"] = "true";
  }
  if (flags.load && !outputs.some((output) => output.type === "docker" && !output.attrs["dest"]))
    outputs.push({ type: "docker", attrs: {} });
  const annotations = annotationAttrs(flags.annotation);
  if (Object.keys(annotations).length > 0 && !outputs.some((output) => IMAGES.has(output.type))) {
    throw new UsageError(
      "--annotation needs an output that is an image",
      "Add --push, --load or --output type=oci,dest=FILE.",
    );
  }
  for (const output of outputs) {
    if (!IMAGES.has(output.type)) continue;
    const names = [...(output.attrs["name"]?.split(",") ?? []), ...tags];
    if (names.length > 0) output.attrs["name"] = [...new Set(names)].join(",");
    Object.assign(output.attrs, annotations);
    if (output.type === "image" && output.attrs["push"] === "true" && names.length === 0) {
      throw new UsageError("a push needs a name", "Add --tag registry/name:tag.");
    }
  }
  const streams = outputs.filter(writesToStdout);
  if (streams.length > 1)
    throw new UsageError("only one output can go to stdout", "Give the others a dest=FILE.");
  if (streams[0] && terminal.stdoutIsTty()) {
    throw new UsageError(
      `refusing to write the ${streams[0].type} archive to a terminal`,
      `Write it to a file: --output type=${streams[0].type},dest=FILE, or redirect stdout.`,
    );
  }
  return outputs;
}

function normalizedTag(tag: string): string {
  const reference = usageOf("--tag", () => parseImageReference(tag));
  if (reference.digest)
    throw new UsageError(
      `--tag "${familiarImageReference(reference)}" has a digest`,
      "A result's digest is known only after the build: leave it away.",
    );
  return formatImageReference({ ...reference, tag: reference.tag ?? "latest" });
}
