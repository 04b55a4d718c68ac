import { parentOf, type BytePath } from "./byte-path.ts";
import type { Entry, LayerIndex } from "./entry.ts";

/** Finds entries of one index by path. Built once for an index, and only when somebody looks. */
export class IndexLookup {
  /** Of the index, in its order. */
  readonly entries: readonly Entry[];
  readonly #byPath: ReadonlyMap<string, Entry>;
  #children: Map<string, Entry[]> | undefined;

  private constructor(index: LayerIndex) {
    const byPath = new Map<string, Entry>();
    for (const entry of index.entries) byPath.set(entry.path, entry);
    this.#byPath = byPath;
    this.entries = index.entries;
  }

  static readonly #built = new WeakMap<LayerIndex, IndexLookup>();

  /** The lookup of an index; the same one each time. */
  static of(index: LayerIndex): IndexLookup {
    let lookup = IndexLookup.#built.get(index);
    if (lookup === undefined) {
      lookup = new IndexLookup(index);
      IndexLookup.#built.set(index, lookup);
    }
    return lookup;
  }

  get(path: BytePath): Entry | undefined {
    return this.#byPath.get(path);
  }

  /** Entries directly in a folder, sorted by name. */
  children(path: BytePath): readonly Entry[] {
    if (this.#children === undefined) {
      this.#children = new Map();
      for (const entry of this.entries) {
        if (entry.path === "") continue;
        const parent = parentOf(entry.path);
        const siblings = this.#children.get(parent);
        if (siblings === undefined) this.#children.set(parent, [entry]);
        else siblings.push(entry);
      }
    }
    return this.#children.get(path) ?? [];
  }

  /** Whether this layer hides what lower ones have at `path`, because of something above `path`. */
  hidesBelow(path: BytePath): boolean {
    for (let at = path; at !== "";) {
      at = parentOf(at);
      const entry = this.#byPath.get(at);
      if (entry !== undefined && (entry.kind !== "dir" || entry.opaque === true)) return true;
    }
    return false;
  }
}
