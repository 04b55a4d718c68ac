import { csvFields, csvPairs } from "./csv-fields.ts";
import { UsageError } from "../usage-error.ts";

/** One `--output` before tags, `--push` and annotations are worked in. */
export interface OutputSpec {
  readonly type: string;
  readonly attrs: Readonly<Record<string, string>>;
}

/** What the command line can write; checked here so that a typing error costs no time. */
const TYPES = ["oci", "docker", "image", "local", "tar"];
/** Types that write one stream, and can write it to stdout. */
const STREAMS = new Set(["oci", "docker", "tar"]);

/**
 * Reads a value of `--output` as docker buildx does: `type=…,key=value,…`; a bare path is `type=local,dest=PATH`, a
 * lone `-` is `type=tar,dest=-`. `type=registry` is `type=image,push=true`. Streams without a `dest` go to stdout,
 * except for `type=docker`, which is loaded into a running Docker or Podman.
 * @throws UsageError
 */
export function parseOutputSpec(text: string): OutputSpec {
  if (text === "-") return { type: "tar", attrs: { dest: "-" } };
  const fields = csvFields(text, "--output");
  if (fields.length === 1 && !text.startsWith("type=")) {
    if (text === "")
      throw new UsageError(
        "--output is empty",
        "Name a folder, or an exporter: --output type=oci,dest=image.tar.",
      );
    return { type: "local", attrs: { dest: text } };
  }
  const pairs = csvPairs(text, "--output");
  let type = pairs.get("type");
  if (!type) {
    throw new UsageError(
      `--output "${text}" has no type`,
      "Add one of type=oci, docker, image, local, tar: --output type=oci,dest=image.tar.",
    );
  }
  pairs.delete("type");
  if (type === "registry") {
    type = "image";
    if (!pairs.has("push")) pairs.set("push", "true");
  }
  if (!TYPES.includes(type))
    throw new UsageError(
      `--output: there is no type "${type}"`,
      `Use one of ${TYPES.join(", ")} (or registry, which is image and push).`,
    );
  if (type === "local" && !pairs.get("dest"))
    throw new UsageError(
      "--output type=local has no dest",
      "Say where to write: --output type=local,dest=FOLDER.",
    );
  if (STREAMS.has(type) && type !== "docker" && !pairs.get("dest")) pairs.set("dest", "-");
  return { type, attrs: Object.fromEntries(pairs) };
}

/** True when the output goes to stdout. */
export function writesToStdout(output: OutputSpec): boolean {
  return STREAMS.has(output.type) && output.attrs["dest"] === "-";
}
