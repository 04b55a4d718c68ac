import type {
  Bridge,
  BridgeRef,
  Diagnostic,
  FileStat,
  FrontendOutput,
  SourceMeta,
} from "@slipway/frontend-sdk";
import type { Definition, SourceOp } from "@slipway/ir";
import {
  InputError,
  type ContainerConfig,
  type Digest,
  type HistoryEntry,
  type ImageConfig,
  type Platform,
  sha256,
} from "@slipway/oci";
import { dockerfile } from "./index.ts";

export const amd64: Platform = { os: "linux", architecture: "amd64" };

/** A bridge in memory: images by complete name, files by local source and path. */
export class FakeBridge implements Bridge {
  readonly resolved: string[] = [];
  readonly solved: Definition[] = [];
  readonly warnings: Diagnostic[] = [];
  readonly images: Readonly<Record<string, ImageConfig>>;
  readonly files: Readonly<Record<string, Readonly<Record<string, string | Uint8Array>>>>;

  /** Symlinks that lead nowhere, by local source and name. */
  readonly links: Readonly<Record<string, Readonly<Record<string, string>>>>;

  constructor(files: FakeBridge["files"], images: FakeBridge["images"], links: FakeBridge["links"] = {}) {
    this.files = files;
    this.images = images;
    this.links = links;
  }

  async resolveImageConfig(name: string, { platform }: { platform: Platform }) {
    this.resolved.push(`${name} ${platform.os}/${platform.architecture}`);
    const config = this.images[name];
    if (config === undefined) throw new InputError("IMAGE_NOT_FOUND", `there is no image ${name}`);
    const digest: Digest = sha256(new TextEncoder().encode(name));
    return { ref: `${name}@${digest}`, digest, config };
  }

  async solve(definition: Definition): Promise<BridgeRef> {
    this.solved.push(definition);
    const { op, inputs } = definition.result!.vertex;
    if (op.kind === "source") return { id: op.identifier.replace("local://", "") };
    // An archive that is unpacked.
    const from = inputs[0]?.vertex.op;
    return { id: from?.kind === "source" ? `${from.identifier}!` : "" };
  }

  async readFile(ref: BridgeRef, path: string): Promise<Uint8Array> {
    const text = this.files[ref.id]?.[path];
    if (text === undefined) throw new InputError("FILE_NOT_FOUND", `no ${path}`);
    return typeof text === "string" ? new TextEncoder().encode(text) : text;
  }

  async readDir(ref: BridgeRef, folder: string): Promise<readonly FileStat[]> {
    // A commit's time, for all of its files.
    if (ref.id.startsWith("git:"))
      return [{ path: "f", kind: "file", mode: 0o644, sizeBytes: 0, mtimeMs: 1_700_000_000_999 }];
    const links = Object.entries(this.links[ref.id] ?? {});
    return folder !== ""
      ? []
      : links.map(([path, linkname]) => ({ path, kind: "symlink", mode: 0o777, sizeBytes: 0, linkname }));
  }

  async resolveSourceMeta(op: SourceOp, { platform }: { platform: Platform }): Promise<SourceMeta> {
    if (op.identifier.startsWith("http"))
      return {
        kind: "http",
        checksum: sha256(new Uint8Array()),
        filename: "f",
        lastModifiedMs: 1_600_000_000_000,
      };
    const image = await this.resolveImageConfig(op.identifier, { platform });
    return { kind: "image", image };
  }

  statFile(): never {
    throw new Error("not needed");
  }

  warn(diagnostic: Diagnostic): void {
    this.warnings.push(diagnostic);
  }
}

/** An image config as a registry has it. */
export function imageConfig(
  config: ContainerConfig = {},
  history: readonly HistoryEntry[] = [{ created_by: "base" }],
): ImageConfig {
  return {
    created: "2024-01-01T00:00:00Z",
    architecture: "amd64",
    os: "linux",
    config: { Env: ["PATH=/usr/bin:/bin"], Cmd: ["sh"], ...config },
    rootfs: { type: "layers", diff_ids: [`sha256:${"ab".repeat(32)}` as never] },
    history,
  };
}

export interface CompileInput {
  readonly options?: Readonly<Record<string, string>>;
  /** Further files: `dockerfile` and `context` are the usual local sources. */
  readonly files?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly images?: Readonly<Record<string, ImageConfig>>;
  readonly platforms?: readonly Platform[];
  /** Symlinks that lead nowhere, by local source and name. */
  readonly links?: FakeBridge["links"];
}

export const IMAGES: Readonly<Record<string, ImageConfig>> = {
  "docker.io/library/alpine:latest": imageConfig(),
  "docker.io/library/alpine:3.20": imageConfig({ Cmd: ["/bin/ash"] }),
  "docker.io/library/node:24": imageConfig({
    Env: ["PATH=/usr/local/bin:/usr/bin", "NODE_VERSION=24.1.0"],
    WorkingDir: "/srv",
    Entrypoint: ["docker-entrypoint.sh"],
    Cmd: ["node"],
    User: "node",
    Labels: { base: "yes" },
  }),
};

export async function compileAll(
  text: string | Uint8Array,
  input: CompileInput = {},
): Promise<{ outputs: readonly FrontendOutput[]; bridge: FakeBridge }> {
  const files = { context: {}, ...input.files, dockerfile: { Dockerfile: text, ...input.files?.dockerfile } };
  const bridge = new FakeBridge(files, { ...IMAGES, ...input.images }, input.links);
  const request = {
    options: input.options ?? {},
    buildPlatform: amd64,
    platforms: input.platforms ?? [amd64],
  };
  const { outputs } = await dockerfile.build(request, bridge, AbortSignal.timeout(10_000));
  return { outputs, bridge };
}

/** Compiles for one platform. */
export async function compileText(
  text: string | Uint8Array,
  input: CompileInput = {},
): Promise<FrontendOutput & { bridge: FakeBridge }> {
  const { outputs, bridge } = await compileAll(text, input);
  return { ...outputs[0]!, bridge };
}

/** The error of a text that must not compile, as `line:column-endColumn CODE message | hint`. */
export async function failureOf(text: string | Uint8Array, input: CompileInput = {}): Promise<string> {
  const error = await errorOf(text, input);
  const at = error.location;
  const place =
    at === undefined ? "-" : `${at.line}:${at.column}${at.endColumn === at.column ? "" : `-${at.endColumn}`}`;
  return `${place} ${error.code} ${error.message} | ${error.hint}`;
}

export async function errorOf(text: string | Uint8Array, input: CompileInput = {}): Promise<InputError> {
  try {
    await compileText(text, input);
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
  throw new Error("it compiled");
}
