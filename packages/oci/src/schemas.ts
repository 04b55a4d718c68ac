import * as z from "zod";
import { InputError } from "./errors.ts";
import { isDigest, type Digest } from "./digest.ts";
import type { Descriptor } from "./descriptor.ts";
import type { ImageConfig } from "./image-config.ts";
import type { Index, Manifest } from "./manifest.ts";
import { isIndexMediaType, isManifestMediaType } from "./media-types.ts";

// What comes off a network or out of an archive is checked here before anything trusts its shape.
// Unknown fields pass through: the specs require readers to ignore what they do not know.

/** JSON documents above this size are refused unread; registries cap manifests at 4 MiB. In bytes. */
export const MAX_DOCUMENT_BYTES = 4 * 1024 * 1024;

const digest = z.custom<Digest>(
  (value) => typeof value === "string" && isDigest(value),
  "not a sha256 digest",
);

const strings = z.record(z.string(), z.string());
// Some tools write null for the empty objects.
const emptyObjects = z.record(
  z.string(),
  z
    .looseObject({})
    .nullable()
    .transform((value) => value ?? {}),
);

// Go encodes empty slices and maps as null; readers treat that as absent.
const nullable = <T extends z.ZodType>(type: T) =>
  z
    .nullish(type)
    .transform((value) => value ?? undefined)
    .optional();

const descriptor = z.looseObject({
  mediaType: z.string(),
  digest,
  size: z.number().int().nonnegative(),
  annotations: nullable(strings),
  platform: nullable(
    z.looseObject({ os: z.string(), architecture: z.string(), variant: z.string().optional() }),
  ),
});

/**
 * A document that is a manifest to one reader and an index to another would be two images under one digest.
 * @see CVE-2021-41190
 */
const absent = z.custom<undefined>(
  (value) => value === undefined || value === null || (Array.isArray(value) && value.length === 0),
  "a document is a manifest or an index, not both",
);
const mediaTypeUnless = (isOther: (mediaType: string) => boolean) =>
  z
    .string()
    .refine((text) => !isOther(text), "the document calls itself the other kind")
    .optional();

const manifest = z.looseObject({
  schemaVersion: z.literal(2),
  mediaType: mediaTypeUnless(isIndexMediaType),
  config: descriptor,
  layers: z.array(descriptor),
  manifests: absent.optional(),
  annotations: nullable(strings),
});

const index = z.looseObject({
  schemaVersion: z.literal(2),
  mediaType: mediaTypeUnless(isManifestMediaType),
  manifests: z.array(descriptor),
  layers: absent.optional(),
  config: absent.optional(),
  annotations: nullable(strings),
});

const containerConfig = z.looseObject({
  User: z.string().optional(),
  ExposedPorts: nullable(emptyObjects),
  Env: nullable(z.array(z.string())),
  Entrypoint: nullable(z.array(z.string())),
  Cmd: nullable(z.array(z.string())),
  Volumes: nullable(emptyObjects),
  WorkingDir: z.string().optional(),
  Labels: nullable(strings),
  StopSignal: z.string().optional(),
  OnBuild: nullable(z.array(z.string())),
  Shell: nullable(z.array(z.string())),
});

const imageConfig = z.looseObject({
  created: nullable(z.string()),
  architecture: z.string(),
  os: z.string(),
  variant: z.string().optional(),
  config: nullable(containerConfig),
  rootfs: z.looseObject({ type: z.literal("layers"), diff_ids: z.array(digest) }).optional(),
  history: nullable(
    z.array(z.looseObject({ created_by: z.string().optional(), empty_layer: z.boolean().optional() })),
  ),
});

function read<T>(type: z.ZodType, bytes: Uint8Array, what: string): T {
  if (bytes.byteLength > MAX_DOCUMENT_BYTES) {
    throw new InputError(
      "DOCUMENT_TOO_LARGE",
      `the ${what} has ${bytes.byteLength} bytes, more than ${MAX_DOCUMENT_BYTES}`,
      {
        hint: "No registry accepts documents of that size: the image is damaged or made to do harm.",
      },
    );
  }
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8"));
  } catch (cause) {
    throw new InputError("DOCUMENT_INVALID", `the ${what} is not JSON`, {
      cause,
      hint: `Push the image again: its ${what} is damaged.`,
    });
  }
  const result = type.safeParse(json);
  if (!result.success) {
    const issue = result.error.issues[0];
    const at = issue?.path.length ? ` at ${issue.path.join(".")}` : "";
    throw new InputError(
      "DOCUMENT_INVALID",
      `the ${what} is malformed${at}: ${issue?.message ?? "unknown"}`,
      {
        hint: `Push the image again with a tool that follows the OCI image-spec.`,
      },
    );
  }
  return result.data as T;
}

/** @throws InputError `DOCUMENT_INVALID` or `DOCUMENT_TOO_LARGE` */
export function parseManifest(bytes: Uint8Array): Manifest {
  return read<Manifest>(manifest, bytes, "manifest");
}

/** @throws InputError `DOCUMENT_INVALID` or `DOCUMENT_TOO_LARGE` */
export function parseIndex(bytes: Uint8Array): Index {
  return read<Index>(index, bytes, "image index");
}

/** @throws InputError `DOCUMENT_INVALID` or `DOCUMENT_TOO_LARGE` */
export function parseImageConfig(bytes: Uint8Array): ImageConfig {
  return read<ImageConfig>(imageConfig, bytes, "image config");
}

/** @throws InputError `DOCUMENT_INVALID` or `DOCUMENT_TOO_LARGE` */
export function parseDescriptor(bytes: Uint8Array): Descriptor {
  return read<Descriptor>(descriptor, bytes, "descriptor");
}
