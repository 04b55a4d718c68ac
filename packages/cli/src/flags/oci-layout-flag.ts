import { readFileSync } from "node:fs";
import path from "node:path";
import { InputError, isDigest, type Digest } from "@slipway/oci";

/** An image of a folder in OCI layout. */
export interface OciLayoutImage {
  /** Absolute. */
  readonly folder: string;
  readonly digest: Digest;
}

const REF_NAME = "org.opencontainers.image.ref.name";

/**
 * Reads `FOLDER[:TAG|@DIGEST]`. Without a digest `index.json` tells it: that of the tag, or of `latest`, or of the only
 * image that there is.
 * @throws InputError `OCI_LAYOUT_INVALID`, `IMAGE_NOT_FOUND`
 */
export function ociLayoutImage(text: string, cwd: string): OciLayoutImage {
  const at = text.lastIndexOf("@");
  if (at > 0) {
    const digest = text.slice(at + 1);
    const place = text.slice(0, at).replace(/:[\w][\w.-]*$/, "");
    if (!isDigest(digest)) {
      throw new InputError("OCI_LAYOUT_INVALID", `"${digest}" is not a digest`, {
        hint: "A digest is sha256: followed by 64 lower-case hexadecimal digits.",
      });
    }
    return { folder: path.resolve(cwd, place), digest };
  }
  const match = /^(.*?)(?::([\w][\w.-]{0,127}))?$/.exec(text);
  const folder = path.resolve(cwd, match?.[1] ?? text);
  const tag = match?.[2];
  return { folder, digest: digestOf(folder, tag) };
}

interface Listed {
  readonly digest?: unknown;
  readonly annotations?: Readonly<Record<string, unknown>>;
}

function digestOf(folder: string, tag: string | undefined): Digest {
  const images = listed(folder);
  const named = (name: string): Listed | undefined =>
    images.find(({ annotations }) => {
      const ref = annotations?.[REF_NAME];
      return typeof ref === "string" && (ref === name || ref.endsWith(`:${name}`));
    });
  const found = tag === undefined ? (images.length === 1 ? images[0] : named("latest")) : named(tag);
  if (found !== undefined && typeof found.digest === "string" && isDigest(found.digest)) return found.digest;
  const names = images
    .map(({ annotations }) => annotations?.[REF_NAME])
    .filter((name) => typeof name === "string");
  throw new InputError(
    "IMAGE_NOT_FOUND",
    tag === undefined
      ? `the OCI layout ${folder} has ${images.length} images, and none is called latest`
      : `the OCI layout ${folder} has no image "${tag}"`,
    {
      hint:
        names.length > 0
          ? `Its images are: ${names.slice(0, 20).join(", ")}. Add :TAG or @DIGEST to the folder.`
          : "Add @DIGEST to the folder, with one of the digests in its index.json.",
    },
  );
}

function listed(folder: string): readonly Listed[] {
  let text: string;
  try {
    text = readFileSync(path.join(folder, "index.json"), "utf8");
  } catch (cause) {
    throw new InputError("OCI_LAYOUT_INVALID", `${folder} is no folder in OCI layout: it has no index.json`, {
      hint: "Name the folder that holds index.json and blobs/.",
      cause,
    });
  }
  try {
    const index = JSON.parse(text) as { manifests?: unknown } | null;
    if (Array.isArray(index?.manifests))
      return index.manifests.filter((item) => typeof item === "object" && item !== null) as Listed[];
  } catch {
    // Said below, as for a document of another kind.
  }
  throw new InputError("OCI_LAYOUT_INVALID", `the index.json of ${folder} is no list of images`, {
    hint: "Write the layout anew.",
  });
}
