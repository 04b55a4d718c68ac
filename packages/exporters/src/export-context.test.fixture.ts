import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { PassThrough, Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import type {
  ExportContext,
  FileEntry,
  LayerBlob,
  LayerBlobOptions,
  PreparedExport,
  ProgressEvent,
} from "@slipway/engine-sdk";
import { MediaTypes, sha256, type DiffId, type ImageConfig, type Platform } from "@slipway/oci";
import { onTestFinished } from "vitest";
import { TAR_END, tarHeader, tarPadding } from "./archive/tar-header.ts";
import { loadExporter, type ExporterServices } from "./index.ts";

export const AMD64: Platform = { os: "linux", architecture: "amd64" };
export const ARM64: Platform = { os: "linux", architecture: "arm64" };

/** Says what is missing, or fails where everything is required. */
export function missingTools(...tools: string[]): string | undefined {
  const missing = tools.filter((tool) => spawnSync("sh", ["-c", `command -v ${tool}`]).status !== 0);
  if (missing.length === 0) return undefined;
  if (process.env.SLIPWAY_REQUIRE_ALL === "1") throw new Error(`these tests need ${missing.join(", ")}`);
  return missing.join(", ");
}

/** A folder that goes away with the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), "slipway-exporters-"));
  onTestFinished(() => {
    spawnSync("chmod", ["-R", "u+rwx", folder]);
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

/** An uncompressed layer with some files of text. */
export function layerTar(files: Readonly<Record<string, string>>): Buffer {
  const parts: Buffer[] = [];
  for (const [name, content] of Object.entries(files)) {
    const bytes = Buffer.from(content);
    parts.push(
      tarHeader({ name, type: "file", mode: 0o644, uid: 0, gid: 0, sizeBytes: bytes.length, mtimeNs: 0n }),
      bytes,
      tarPadding(bytes.length),
    );
  }
  return Buffer.concat([...parts, TAR_END]);
}

export interface TestLayer {
  readonly tar: Buffer;
  readonly created?: string;
  readonly origins?: readonly string[];
  /** Put the blob into a file in this folder. */
  readonly folder?: string;
}

function blobOf(layer: TestLayer, options: LayerBlobOptions): LayerBlob {
  const gzip = options.compression === "gzip";
  const bytes = gzip ? gzipSync(layer.tar) : layer.tar;
  const types = options.dockerMediaTypes
    ? [MediaTypes.dockerLayer, MediaTypes.dockerLayerGzip]
    : [MediaTypes.ociLayer, MediaTypes.ociLayerGzip];
  const descriptor = { mediaType: types[gzip ? 1 : 0]!, digest: sha256(bytes), size: bytes.length };
  let file: string | undefined;
  if (layer.folder) {
    file = path.join(layer.folder, descriptor.digest.slice(7));
    writeFileSync(file, bytes);
  }
  return {
    descriptor,
    diffId: sha256(layer.tar) as DiffId,
    created: layer.created ?? "2024-01-02T03:04:05Z",
    open: () => Readable.from([bytes]),
    ...(file ? { path: file } : {}),
    origins: layer.origins ?? [],
  };
}

export interface TestResult {
  readonly platform?: Platform;
  readonly layers?: readonly TestLayer[];
  readonly files?: readonly FileEntry[];
  readonly config?: ImageConfig;
  readonly onBlobs?: (options: LayerBlobOptions) => void;
}

export interface TestContext extends ExportContext {
  readonly events: ProgressEvent[];
  readonly stdout: PassThrough;
}

export function contextFor(
  results: readonly TestResult[],
  options: { cwd?: string; signal?: AbortSignal; sourceDateEpochSeconds?: number } = {},
): TestContext {
  const events: ProgressEvent[] = [];
  return {
    results: results.map(({ platform = AMD64, layers = [], files = [], config, onBlobs }) => ({
      platform,
      ...(config ? { config } : {}),
      ref: {
        blobs: (wanted) => {
          onBlobs?.(wanted);
          return Promise.resolve(layers.map((layer) => blobOf(layer, wanted)));
        },
        async *files() {
          yield* files;
        },
      },
    })),
    signal: options.signal ?? new AbortController().signal,
    progress: (event) => void events.push(event),
    stdout: new PassThrough(),
    cwd: options.cwd ?? "/",
    ...(options.sourceDateEpochSeconds === undefined
      ? {}
      : { sourceDateEpochSeconds: options.sourceDateEpochSeconds }),
    events,
  };
}

const noServices: ExporterServices = {
  registry() {
    throw new Error("no registry here");
  },
};

/** Loads an exporter and checks its options, as the engine does. */
export async function prepare(
  name: string,
  attrs: Readonly<Record<string, string>>,
  services: ExporterServices = noServices,
): Promise<PreparedExport> {
  const exporter = await loadExporter(name, services);
  if (!exporter) throw new Error(`no exporter ${name}`);
  const options = exporter.options.safeParse(attrs);
  if (!options.success)
    throw new Error(
      options.error.issues.map((issue) => `${issue.path.join(".")} ${issue.message}`).join("\n"),
    );
  return exporter.prepare(options.data);
}

/** An entry of a merged tree. */
export function entry(
  name: string,
  values: Partial<FileEntry> & { readonly content?: string } = {},
): FileEntry {
  const { content = "", ...rest } = values;
  const bytes = Buffer.from(content, "latin1");
  const kind = rest.kind ?? "file";
  return {
    path: name,
    kind,
    mode: kind === "dir" ? 0o755 : 0o644,
    uid: 0,
    gid: 0,
    sizeBytes: kind === "file" ? bytes.length : 0,
    mtimeNs: 1_700_000_000_000_000_000n,
    xattrs: new Map(),
    ...(kind === "file" ? { open: () => Readable.from([bytes]) } : {}),
    ...rest,
  };
}
