import path from "node:path";
import { digestHex, sha256, type Digest } from "@slipway/oci";
import type { LayerId } from "@slipway/engine-sdk";
import type { FileEntry } from "../layer-index/entry.ts";
import type { StoreLayout } from "../sessions/layout.ts";
import type { Session } from "../sessions/session.ts";
import { worldErrorOf } from "../syscalls/fs-errors.ts";
import { DigestMemory } from "./digest-memory.ts";
import type { FileToHash } from "./hash-file.ts";
import { hashFiles } from "./hash-files.ts";

/** A file entry whose content is in the store, in the layer that it names, or on the host. */
export interface EntryToHash {
  readonly entry: FileEntry;
  readonly layer: LayerId;
}

/** Absolute path in bytes of the file that holds the content of an entry of a layer. */
export type ContentPath = (item: EntryToHash, signal: AbortSignal) => Promise<string>;

/** Computes content digests once and remembers them: for host files from build to build, for layers by their path. */
export class DigestService {
  readonly #layout: StoreLayout;
  readonly #session: Session;
  readonly #memories = new Map<string, DigestMemory>();
  readonly #learned = new Map<LayerId, Map<string, Digest>>();

  constructor(layout: StoreLayout, session: Session) {
    this.#layout = layout;
    this.#session = session;
  }

  /** What is known of the files of a scanned folder. */
  memoryOf(context: string): DigestMemory {
    let memory = this.#memories.get(context);
    if (memory === undefined) {
      memory = new DigestMemory(this.#memoryFile(context));
      this.#memories.set(context, memory);
    }
    return memory;
  }

  /** Digests of the content of entries, in their order. `contentPath` is asked for content within the store only. */
  async digests(
    wanted: readonly EntryToHash[],
    contentPath: ContentPath,
    signal: AbortSignal,
  ): Promise<Digest[]> {
    const items = wanted.map(atItsSource);
    const digests: (Digest | undefined)[] = items.map((item) => this.#known(item));
    const missing: number[] = [];
    for (const [i, digest] of digests.entries()) if (digest === undefined) missing.push(i);
    if (missing.length === 0) return digests as Digest[];
    const files: FileToHash[] = [];
    for (const i of missing) files.push(await fileOf(items[i]!, contentPath, signal));
    const readAtMs = Date.now();
    let computed: Digest[];
    try {
      computed = await hashFiles(files, signal);
    } catch (error) {
      throw worldErrorOf(error, this.#layout.root);
    }
    for (const [n, i] of missing.entries()) {
      digests[i] = computed[n]!;
      this.#remember(items[i]!, computed[n]!, readAtMs);
    }
    return digests as Digest[];
  }

  /** Digests of a layer's own files that were not in its index. */
  learned(layer: LayerId): ReadonlyMap<string, Digest> | undefined {
    return this.#learned.get(layer);
  }

  learnedLayers(): readonly LayerId[] {
    return [...this.#learned.keys()];
  }

  /** Writes what was learned of host files. */
  save(): void {
    for (const memory of this.#memories.values()) memory.save(this.#session.temporaryPath());
  }

  #known({ entry, layer }: EntryToHash): Digest | undefined {
    if (entry.digest !== undefined) return entry.digest;
    const { content } = entry;
    if (content.kind === "bytes") return sha256(content.data);
    if (content.kind === "host") return this.memoryOf(content.context ?? "").get(content.identity);
    return this.#learned.get(layer)?.get(entry.path);
  }

  #remember({ entry, layer }: EntryToHash, digest: Digest, readAtMs: number): void {
    const { content } = entry;
    if (content.kind === "host") {
      this.memoryOf(content.context ?? "").set(content.identity, digest, readAtMs);
      return;
    }
    let learned = this.#learned.get(layer);
    if (learned === undefined) this.#learned.set(layer, (learned = new Map()));
    learned.set(entry.path, digest);
  }

  #memoryFile(context: string): string {
    return path.join(this.#layout.contexts, digestHex(sha256(Buffer.from(context, "latin1"))).slice(0, 24));
  }
}

/** Content that an entry borrows from another layer is hashed and remembered there. */
function atItsSource(item: EntryToHash): EntryToHash {
  const { content } = item.entry;
  if (content.kind !== "layer" || item.entry.digest !== undefined) return item;
  return { layer: content.layer, entry: { ...item.entry, path: content.path, content: { kind: "tree" } } };
}

async function fileOf(item: EntryToHash, contentPath: ContentPath, signal: AbortSignal): Promise<FileToHash> {
  const { content, sizeBytes } = item.entry;
  if (content.kind === "host") return { path: content.path, sizeBytes, identity: content.identity };
  return { path: await contentPath(item, signal), sizeBytes };
}
