import type { SourceOp, Vertex } from "@slipway/ir";
import { type Digest, formatPlatform, type Platform, sha256 } from "@slipway/oci";
import type { ProgressEvent, ProgressSink, SolverHost, Source, VertexResult } from "@slipway/engine-sdk";
import type { ImageResolver } from "@slipway/sources";
import type { LayerIndex, Store } from "@slipway/store";
import { longChainDigest } from "../host/chain-identity.ts";

/**
 * Everything that a build learned from outside of its request and of the program: when all of it is the same again,
 * so is the result, since frontends and the solver are functions of it.
 */
export interface BuildTrace {
  readonly locals: readonly {
    readonly identifier: string;
    readonly attrs: Readonly<Record<string, string>>;
    readonly fingerprint: string;
  }[];
  /** What names stood for; without a platform when only the digest was asked for. */
  readonly images: readonly {
    readonly name: string;
    readonly platform?: Platform;
    readonly digest: Digest;
  }[];
  /** What the cache answered; null for a miss. See `answerText`. */
  readonly lookups: readonly (readonly [key: Digest, answer: string | null])[];
}

/** More of these, and looking all of it up again saves nothing. */
const MOST_EVENTS = 2000;
const MOST_ENTRIES = 20_000;

/** Files that changed this close before they were looked at may change again without showing it. See DigestMemory. */
const RACY_NS = 2_000_000_000n;

/** What tells one state of scanned files from every other: names, metadata, and the identities of contents. */
export function fingerprintOf(index: LayerIndex): string {
  return sha256(Buffer.from(index.entries.map((entry) => `${describe(entry)}\n`).join(""), "latin1"));
}

function describe(entry: LayerIndex["entries"][number]): string {
  const { kind } = entry;
  const path = JSON.stringify(entry.path);
  if (kind === "hardlink") return `${kind} ${path} ${JSON.stringify(entry.target)}`;
  if (kind === "whiteout") return `${kind} ${path}`;
  const common = `${kind} ${path} ${entry.mode} ${entry.uid} ${entry.gid} ${entry.mtimeNs}`;
  switch (kind) {
    case "file": {
      if (entry.content.kind !== "host") return `${common} ${entry.digest ?? ""}`;
      const { dev, ino, sizeBytes, mtimeNs, ctimeNs } = entry.content.identity;
      return `${common} ${dev} ${ino} ${sizeBytes} ${mtimeNs} ${ctimeNs}`;
    }
    case "symlink":
      return `${common} ${JSON.stringify(entry.target)}`;
    case "char":
    case "block":
      return `${common} ${entry.major} ${entry.minor}`;
    default:
      return common;
  }
}

function isSettled(index: LayerIndex, scannedAtMs: number): boolean {
  const racyFrom = BigInt(scannedAtMs) * 1_000_000n - RACY_NS;
  return index.entries.every(
    (entry) =>
      entry.kind !== "file" ||
      (entry.content.kind === "host" &&
        entry.content.identity.mtimeNs < racyFrom &&
        entry.content.identity.ctimeNs < racyFrom),
  );
}

/**
 * Listens to one build. Gives a trace only when the build ran no step and learned nothing of a kind that cannot be
 * asked again for nothing: sources other than folders and images spoil it.
 */
export class TraceRecorder {
  readonly #store: Store;
  readonly #locals: BuildTrace["locals"][number][] = [];
  readonly #images = new Map<string, BuildTrace["images"][number]>();
  readonly #lookups = new Map<Digest, string | null>();
  readonly #events: ProgressEvent[] = [];
  #isSpoilt = false;

  constructor(store: Store) {
    this.#store = store;
  }

  /** From now on there will be no trace. */
  spoil(): void {
    this.#isSpoilt = true;
  }

  get trace(): BuildTrace | undefined {
    if (this.#isSpoilt) return undefined;
    return { locals: this.#locals, images: [...this.#images.values()], lookups: [...this.#lookups] };
  }

  /** What progress was told. */
  get events(): readonly ProgressEvent[] {
    return this.#events;
  }

  progress(sink: ProgressSink): ProgressSink {
    return (event) => {
      if (event.kind === "log" || this.#events.length >= MOST_EVENTS) this.spoil();
      else if (!this.#isSpoilt) this.#events.push(event);
      sink(event);
    };
  }

  images(resolver: ImageResolver): ImageResolver {
    const note = (image: BuildTrace["images"][number]): void => {
      const platform = image.platform === undefined ? "" : formatPlatform(image.platform);
      this.#images.set(`${image.name} ${platform}`, image);
    };
    return {
      pin: async (name, signal) => {
        const reference = await this.#unspoilt(() => resolver.pin(name, signal));
        note({ name, digest: reference.digest });
        return reference;
      },
      resolve: async (name, platform, signal) => {
        const image = await this.#unspoilt(() => resolver.resolve(name, platform, signal));
        note({ name, platform, digest: image.reference.digest });
        return image;
      },
    };
  }

  sources(sources: readonly Source[]): readonly Source[] {
    return sources.map((source) => {
      if (source.schemes.includes("docker-image")) return source;
      if (!source.schemes.includes("local")) {
        const spoilt: Source = {
          schemes: source.schemes,
          key: (op, platform, signal) => {
            this.spoil();
            return source.key(op, platform, signal);
          },
          load: (op, platform, task) => {
            this.spoil();
            return source.load(op, platform, task);
          },
        };
        return spoilt;
      }
      return {
        schemes: source.schemes,
        key: (op, platform, signal) => source.key(op, platform, signal),
        load: async (op, platform, task) => {
          const scannedAtMs = Date.now();
          const ref = await source.load(op, platform, task);
          const [layer] = ref.layers;
          if (layer === undefined || ref.layers.length > 1) this.spoil();
          else this.#addLocal(op, await this.#store.layers.index(layer, task.context.signal), scannedAtMs);
          return ref;
        },
      };
    });
  }

  host(host: SolverHost): SolverHost {
    return {
      ...host,
      lookup: async (key, signal) => {
        const answer = await host.lookup(key, signal);
        if (!this.#isSpoilt) this.#lookups.set(key, answerText(answer));
        return answer;
      },
      execute: (vertex: Vertex, inputs, context) => {
        if (vertex.op.kind !== "source") this.spoil();
        return host.execute(vertex, inputs, context);
      },
    };
  }

  #addLocal(op: SourceOp, index: LayerIndex, scannedAtMs: number): void {
    if (index.entries.length > MOST_ENTRIES || !isSettled(index, scannedAtMs)) return this.spoil();
    if (this.#isSpoilt) return;
    this.#locals.push({ identifier: op.identifier, attrs: op.attrs, fingerprint: fingerprintOf(index) });
  }

  async #unspoilt<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      this.spoil();
      throw error;
    }
  }
}

/** An answer of the cache, to be compared; of long chains a digest, so that a build's answers grow with its steps only. */
export function answerText(answer: VertexResult | null): string | null {
  if (answer === null) return null;
  return JSON.stringify(answer.outputs.map((ref) => (ref ? (longChainDigest(ref) ?? ref.layers) : null)));
}
