import type { Ref } from "@slipway/engine-sdk";
import type { SourceOp } from "@slipway/ir";
import {
  formatPlatform,
  InputError,
  isDigest,
  type Descriptor,
  type Digest,
  type ImageConfig,
  type Manifest,
  type Platform,
} from "@slipway/oci";
import { choosePlatform } from "@slipway/registry";
import { registerLayers } from "../register-layers.ts";
import { readDocument, readLayoutBlob } from "./layout-blobs.ts";
import type { OciLayoutSourceOptions } from "./layout-options.ts";

export interface LayoutImage {
  readonly store: string;
  /** Of the manifest or index that was asked for. */
  readonly digest: Digest;
  readonly config: ImageConfig;
  readonly ref: Ref;
}

export interface LayoutImages {
  /** @throws InputError `OCI_LAYOUT_NOT_LENT`, `OCI_LAYOUT_INVALID`, `IMAGE_NOT_FOUND`, `PLATFORM_NOT_FOUND`, `IMAGE_UNSUPPORTED` */
  resolve(op: SourceOp, platform: Platform): Promise<LayoutImage>;
}

/** Indexes within indexes beyond this are nobody's images. */
const MAX_DEPTH = 4;

/** The images of one build's layouts, each read once. */
export function createLayoutImages({ store, layouts }: OciLayoutSourceOptions): LayoutImages {
  const known = new Map<string, Promise<LayoutImage>>();

  async function find(op: SourceOp, platform: Platform): Promise<LayoutImage> {
    const { name, digest } = nameAndDigest(op);
    const storeId = op.attrs["oci.store"] || name;
    const folder = Object.hasOwn(layouts, storeId) ? layouts[storeId] : undefined;
    if (folder === undefined) {
      throw new InputError(
        "OCI_LAYOUT_NOT_LENT",
        `the build wants the OCI layout "${storeId}", which it was not given`,
        {
          hint: `Pass it with --build-context NAME=oci-layout://FOLDER.`,
        },
      );
    }
    const manifest = await manifestOf(folder, digest, platform);
    const { parseImageConfig } = await import("@slipway/oci/schemas");
    const config = parseImageConfig(await readDocument(folder, manifest.config));
    const layers = registerLayers(
      store,
      { manifest, config },
      {
        name: `${storeId}@${digest}`,
        // Not the name of a registry: nothing can be mounted from there.
        origin: `oci-layout:/${storeId}`,
        fetch: (descriptor) => readLayoutBlob(folder, descriptor),
      },
    );
    return { store: storeId, digest, config, ref: { layers } };
  }

  return {
    resolve(op, platform) {
      const question = JSON.stringify([op.identifier, op.attrs["oci.store"], formatPlatform(platform)]);
      let image = known.get(question);
      if (image === undefined) known.set(question, (image = find(op, platform)));
      return image;
    },
  };
}

async function manifestOf(folder: string, digest: Digest, platform: Platform): Promise<Manifest> {
  const { parseIndex, parseManifest } = await import("@slipway/oci/schemas");
  let wanted: Pick<Descriptor, "digest"> & Partial<Descriptor> = { digest };
  for (let depth = 0; depth <= MAX_DEPTH; depth++) {
    const bytes = await readDocument(folder, wanted);
    const what = `${wanted.digest} of the OCI layout ${folder}`;
    if (!isIndex(bytes)) return parseManifest(bytes);
    wanted = choosePlatform(parseIndex(bytes).manifests, platform, what);
  }
  throw new InputError(
    "OCI_LAYOUT_INVALID",
    `the OCI layout ${folder} has indexes within indexes without end`,
    {
      hint: "Write the layout anew.",
    },
  );
}

/** Told by what it holds: the media type of a document is only said beside it. */
function isIndex(bytes: Uint8Array): boolean {
  try {
    const document: unknown = JSON.parse(Buffer.from(bytes).toString("utf8"));
    return typeof document === "object" && document !== null && "manifests" in document;
  } catch {
    return false;
  }
}

function nameAndDigest(op: SourceOp): { name: string; digest: Digest } {
  const rest = op.identifier.slice("oci-layout://".length);
  const at = rest.lastIndexOf("@");
  const digest = rest.slice(at + 1);
  if (at > 0 && isDigest(digest)) return { name: rest.slice(0, at).replace(/:[^:/]*$/, ""), digest };
  throw new InputError("OCI_LAYOUT_INVALID", `${op.identifier} does not name an image by its digest`, {
    hint: "It has to end with @sha256: and 64 digits.",
  });
}
