import fs from "node:fs";
import { InputError, InvariantError, WorldError, type Digest } from "@slipway/oci";
import { extendChain, refOf, type LayerId, type Ref } from "@slipway/engine-sdk";
import type { Lookup, MergedView } from "../contracts.ts";
import { checkUnchanged, openUnchanged } from "../context/file-identity.ts";
import type { EntryToHash } from "../context/digest-service.ts";
import { fsPath, textOfBytes, type BytePath } from "../layer-index/byte-path.ts";
import type { Entry, FileEntry, LayerIndex } from "../layer-index/entry.ts";
import type { IndexLookup } from "../layer-index/lookup.ts";
import type { TreeContent } from "../layers/materialize.ts";
import { linkLayer, nextAbout, nextAboutFolder, type LayerLink } from "./layer-links.ts";
import { resolvePath } from "./resolve-path.ts";

/** What a view needs of the layer store to give contents. */
export interface LayerContents {
  contentOf(layer: LayerId, entry: FileEntry): TreeContent | undefined;
  ensureContent(layer: LayerId, signal: AbortSignal): Promise<void>;
  digests(items: readonly EntryToHash[], signal: AbortSignal): Promise<Digest[]>;
}

export interface ViewLayer {
  readonly id: LayerId;
  readonly index: LayerIndex;
}

/** The root of a filesystem whose layers say nothing about it. */
const DEFAULT_ROOT: Entry & { kind: "dir" } = Object.freeze({
  kind: "dir",
  path: "" as BytePath,
  mode: 0o755,
  uid: 0,
  gid: 0,
  mtimeNs: 0n,
});

/**
 * MergedView that looks through the layers from the top, as overlayfs does, instead of merging them: a view over a
 * big base image costs nothing until somebody asks.
 */
export class LayeredView implements MergedView {
  readonly ref: Ref;
  readonly #top: LayerLink | undefined;
  readonly #contents: LayerContents;
  readonly #signal: AbortSignal;

  constructor(top: LayerLink | undefined, contents: LayerContents, signal: AbortSignal) {
    this.ref = refOf(top?.chain);
    this.#top = top;
    this.#contents = contents;
    this.#signal = signal;
  }

  /** A view over layers, base first. */
  static of(layers: readonly ViewLayer[], contents: LayerContents, signal: AbortSignal): LayeredView {
    let top: LayerLink | undefined;
    for (const { id, index } of layers) top = linkLayer(extendChain(top?.chain, id), index, top);
    return new LayeredView(top, contents, signal);
  }

  lstat(path: BytePath): Lookup | undefined {
    let implied: Lookup | undefined;
    for (let link = nextAbout(this.#top, path); link !== undefined; link = nextAbout(link.below, path)) {
      const { lookup } = link;
      const id = link.chain.layer;
      const entry = lookup.get(path);
      if (entry !== undefined) {
        if (implied !== undefined && entry.kind !== "dir") return implied;
        if (entry.kind === "whiteout") return undefined;
        if (entry.kind !== "dir" || entry.implied !== true) return lookupOf(entry, id, lookup);
        implied ??= { entry, layer: id };
      }
      if (path !== "" && lookup.hidesBelow(path)) return implied;
    }
    if (implied !== undefined) return implied;
    return path === "" ? { entry: DEFAULT_ROOT, layer: this.#top?.lowest ?? ("" as LayerId) } : undefined;
  }

  resolve(
    path: string,
    options: { followLast?: boolean } = {},
  ): { path: BytePath; found: Lookup | undefined } {
    return resolvePath(path, (at) => this.lstat(at), { followLast: options.followLast ?? true });
  }

  list(path: BytePath): readonly Lookup[] | undefined {
    if (this.lstat(path)?.entry.kind !== "dir") return undefined;
    const byPath = new Map<string, Lookup | undefined>();
    let contributing = 0;
    for (
      let link = nextAboutFolder(this.#top, path);
      link !== undefined;
      link = nextAboutFolder(link.below, path)
    ) {
      const { lookup } = link;
      const id = link.chain.layer;
      const self = lookup.get(path);
      // A file or whiteout here hides the folders that lower layers have under this name.
      if (self !== undefined && self.kind !== "dir") break;
      const children = lookup.children(path);
      if (children.length > 0) contributing++;
      for (const child of children) {
        if (byPath.has(child.path)) continue;
        if (child.kind === "dir" && child.implied === true) byPath.set(child.path, this.lstat(child.path));
        else byPath.set(child.path, child.kind === "whiteout" ? undefined : lookupOf(child, id, lookup));
      }
      if (self?.opaque === true || lookup.hidesBelow(path)) break;
    }
    const found: Lookup[] = [];
    for (const lookup of byPath.values()) if (lookup !== undefined) found.push(lookup);
    return contributing > 1 ? found.sort((a, b) => (a.entry.path < b.entry.path ? -1 : 1)) : found;
  }

  *walk(path: BytePath): Iterable<Lookup> {
    const start = this.lstat(path);
    if (start === undefined) return;
    const stack: Lookup[] = [start];
    for (let lookup; (lookup = stack.pop()) !== undefined;) {
      yield lookup;
      if (lookup.entry.kind === "dir") stack.push(...this.list(lookup.entry.path)!.toReversed());
    }
  }

  async readFile(
    path: string,
    options: { offset?: number; length?: number; maxBytes?: number } = {},
  ): Promise<Buffer> {
    const name = textOfBytes(path);
    const { found } = this.resolve(path);
    if (found === undefined) {
      throw new InputError("FILE_NOT_FOUND", `there is no file "${name}"`, {
        hint: "Check the path.",
        data: { path: name },
      });
    }
    const { entry, layer } = fileOf(found, name);
    const offset = options.offset ?? 0;
    const length = Math.max(0, Math.min(options.length ?? Infinity, entry.sizeBytes - offset));
    if (length > (options.maxBytes ?? Infinity)) {
      throw new InputError(
        "FILE_TOO_LARGE",
        `"${name}" has ${length} bytes, at most ${options.maxBytes} are read`,
        {
          hint: "Read it in parts.",
          data: { path: name, sizeBytes: entry.sizeBytes },
        },
      );
    }
    if (this.#contents.contentOf(layer, entry) === undefined)
      await this.#contents.ensureContent(layer, this.#signal);
    const opened = this.open(found);
    if ("data" in opened) return Buffer.from(opened.data.subarray(offset, offset + length));
    try {
      const bytes = Buffer.alloc(length);
      let filled = 0;
      while (filled < length) {
        const count = fs.readSync(opened.fd, bytes, filled, length - filled, offset + filled);
        if (count === 0) break;
        filled += count;
      }
      if (entry.content.kind === "host")
        checkUnchanged(opened.fd, entry.content.path, entry.content.identity);
      return bytes.subarray(0, filled);
    } finally {
      fs.closeSync(opened.fd);
    }
  }

  async digest(lookup: Lookup): Promise<Digest> {
    return (await this.digests([lookup], this.#signal))[0]!;
  }

  digests(lookups: readonly Lookup[], signal: AbortSignal): Promise<readonly Digest[]> {
    return this.#contents.digests(
      lookups.map((lookup) => fileOf(lookup)),
      signal,
    );
  }

  ensureContent(lookup: Lookup, signal: AbortSignal): Promise<void> {
    const { entry, layer } = fileOf(lookup);
    if (this.#contents.contentOf(layer, entry) !== undefined) return Promise.resolve();
    return this.#contents.ensureContent(layer, signal);
  }

  open(lookup: Lookup): { readonly fd: number; readonly sizeBytes: number } | { readonly data: Uint8Array } {
    const { entry, layer } = fileOf(lookup);
    const content = this.#contents.contentOf(layer, entry);
    if (content === undefined) {
      throw new WorldError("CONTENT_NOT_LOCAL", `the content of "${textOfBytes(entry.path)}" is in a blob`, {
        hint: "Call ensureContent() before open().",
        data: { layer, path: textOfBytes(entry.path) },
      });
    }
    if (content.kind === "bytes") return { data: content.data };
    const fd =
      content.identity === undefined
        ? fs.openSync(fsPath(content.path), "r")
        : openUnchanged(content.path, content.identity);
    return { fd, sizeBytes: entry.sizeBytes };
  }
}

function lookupOf(entry: Exclude<Entry, { kind: "whiteout" }>, layer: LayerId, index: IndexLookup): Lookup {
  if (entry.kind !== "hardlink") return { entry, layer };
  const linked = index.get(entry.target);
  switch (linked?.kind) {
    case "file":
    case "char":
    case "block":
    case "fifo":
      return { entry, layer, linked };
    default:
      throw new InvariantError(
        `"${textOfBytes(entry.path)}" of ${layer} is a link to "${textOfBytes(entry.target)}", which is no file`,
      );
  }
}

function fileOf(lookup: Lookup, name = textOfBytes(lookup.entry.path)): { entry: FileEntry; layer: LayerId } {
  const entry = lookup.linked ?? lookup.entry;
  if (entry.kind === "file") return { entry, layer: lookup.layer };
  throw new InputError("FILE_NOT_FOUND", `"${name}" is a ${entry.kind}, not a file`, {
    hint: "Check the path.",
    data: { path: name, kind: entry.kind },
  });
}
