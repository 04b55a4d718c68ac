import type { Descriptor, ImageConfig, Index, Manifest } from "@slipway/oci";

// Documents are written with their keys in the order of the Go structs of the OCI image-spec, so that the same image
// has the same bytes wherever it is made; maps are sorted by key, as Go's encoder does.

type Shape = { readonly [key: string]: Shape } | "map" | "any";

const DESCRIPTOR: Shape = {
  mediaType: "any",
  digest: "any",
  size: "any",
  urls: "any",
  annotations: "map",
  data: "any",
  platform: { architecture: "any", os: "any", "os.version": "any", "os.features": "any", variant: "any" },
  artifactType: "any",
};

const MANIFEST: Shape = {
  schemaVersion: "any",
  mediaType: "any",
  artifactType: "any",
  config: DESCRIPTOR,
  layers: DESCRIPTOR,
  manifests: DESCRIPTOR,
  subject: DESCRIPTOR,
  annotations: "map",
};

const CONFIG: Shape = {
  created: "any",
  author: "any",
  architecture: "any",
  os: "any",
  "os.version": "any",
  "os.features": "any",
  variant: "any",
  config: {
    User: "any",
    ExposedPorts: "map",
    Env: "any",
    Entrypoint: "any",
    Cmd: "any",
    Volumes: "map",
    WorkingDir: "any",
    Labels: "map",
    StopSignal: "any",
    ArgsEscaped: "any",
    Healthcheck: {
      Test: "any",
      Interval: "any",
      Timeout: "any",
      StartPeriod: "any",
      StartInterval: "any",
      Retries: "any",
    },
    OnBuild: "any",
    Shell: "any",
  },
  rootfs: { type: "any", diff_ids: "any" },
  history: { created: "any", created_by: "any", author: "any", comment: "any", empty_layer: "any" },
};

function ordered(value: unknown, shape: Shape): unknown {
  if (Array.isArray(value)) return value.map((item) => ordered(item, shape));
  if (shape === "any" || typeof value !== "object" || value === null) return value;
  const record = value as Record<string, unknown>;
  const known = shape === "map" ? [] : Object.keys(shape);
  // Keys that the spec does not know come last, sorted.
  const rest = Object.keys(record)
    .filter((key) => !known.includes(key))
    .sort();
  const result: [string, unknown][] = [];
  for (const key of [...known, ...rest]) {
    if (record[key] === undefined) continue;
    result.push([key, ordered(record[key], shape === "map" ? "any" : (shape[key] ?? "any"))]);
  }
  return Object.fromEntries(result);
}

function encode(value: unknown, shape: Shape): Buffer {
  return Buffer.from(JSON.stringify(ordered(value, shape)), "utf8");
}

export function encodeManifest(manifest: Manifest): Buffer {
  return encode(manifest, MANIFEST);
}

export function encodeIndex(index: Index): Buffer {
  return encode(index, MANIFEST);
}

export function encodeConfig(config: ImageConfig): Buffer {
  return encode(config, CONFIG);
}

/** A descriptor with its keys in order, for answers to people. */
export function orderedDescriptor(descriptor: Descriptor): Descriptor {
  return ordered(descriptor, DESCRIPTOR) as Descriptor;
}
