import { bytesOfText, parentOf, type BytePath } from "../layer-index/byte-path.ts";
import type { Entry, LayerIndex } from "../layer-index/entry.ts";
import { comparePaths } from "../layer-index/entry.ts";
import type { MergedView, MountPoint } from "../contracts.ts";
import { materialize } from "../layers/materialize.ts";
import { aloneDir } from "./flatten-view.ts";
import type { Session } from "../sessions/session.ts";

export interface OfferedMountPoints {
  /** Paths that the ref does not have: the mount points and the folders that lead to them. */
  readonly offered: ReadonlySet<string>;
  /** Lowerdir that has them, to go on top of the others; undefined when nothing is missing. */
  readonly tree: string | undefined;
}

/**
 * Offers mount points that a ref lacks in a layer of their own. It lies on top of the ref, not below it, since a
 * whiteout or an opaque folder of the ref would hide it there; folders of the ref that lead to a mount point are repeated with
 * their own metadata, so that nothing else looks different.
 */
export class MountPointLayers {
  readonly #session: Session;
  readonly #trees = new Map<string, string>();

  constructor(session: Session) {
    this.#session = session;
  }

  /** `repeat` are folders of the ref that the trees below show with metadata that is not theirs. */
  async offer(
    view: MergedView,
    {
      mountPoints,
      repeat,
    }: { readonly mountPoints: readonly MountPoint[]; readonly repeat: readonly BytePath[] },
    signal: AbortSignal,
  ): Promise<OfferedMountPoints> {
    const offered = new Set<string>();
    const entries = new Map<string, Entry>();
    for (const path of repeat)
      for (let at = path; at !== "" && !entries.has(at); at = parentOf(at)) {
        const there = view.lstat(at)?.entry;
        if (there?.kind === "dir") entries.set(at, aloneDir(there));
      }
    for (const point of mountPoints) {
      const { path, found } = view.resolve(bytesOfText(point.path));
      if (found !== undefined || path === "") continue;
      for (let at = parentOf(path); at !== "" && !entries.has(at); at = parentOf(at)) {
        const there = view.lstat(at)?.entry;
        if (there === undefined) offered.add(at);
        entries.set(at, there?.kind === "dir" ? aloneDir(there) : newDir(at));
      }
      offered.add(path);
      entries.set(path, point.kind === "dir" ? newDir(path) : newFile(path));
    }
    if (entries.size === 0) return { offered, tree: undefined };
    const index: LayerIndex = { entries: [...entries.values()].sort((a, b) => comparePaths(a.path, b.path)) };
    return { offered, tree: await this.#treeOf(index, signal) };
  }

  async #treeOf(index: LayerIndex, signal: AbortSignal): Promise<string> {
    const key = JSON.stringify(index.entries, (_, value: unknown) => {
      if (typeof value === "bigint") return value.toString();
      return value instanceof Map
        ? [...(value as Map<string, Uint8Array>)].map(([k, v]) => [k, Buffer.from(v).toString("hex")])
        : value;
    });
    const known = this.#trees.get(key);
    if (known !== undefined) return known;
    const folder = this.#session.temporaryFolder();
    await materialize(index, bytesOfText(folder), {
      contentOf: () => ({ kind: "bytes", data: new Uint8Array(0) }),
      signal,
      allowHardlinks: false,
    });
    this.#trees.set(key, folder);
    return folder;
  }
}

function newDir(path: BytePath): Entry {
  return { kind: "dir", path, mode: 0o755, uid: 0, gid: 0, mtimeNs: 0n };
}

function newFile(path: BytePath): Entry {
  return {
    kind: "file",
    path,
    mode: 0o644,
    uid: 0,
    gid: 0,
    mtimeNs: 0n,
    sizeBytes: 0,
    content: { kind: "bytes", data: new Uint8Array(0) },
  };
}
