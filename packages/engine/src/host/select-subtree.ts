import { InputError } from "@slipway/oci";
import type { Ref } from "@slipway/engine-sdk";
import { type BytePath, type Entry, parentOf, type Store, textOfBytes } from "@slipway/store";

/** A part of a filesystem that is to be mounted. */
export interface Subtree {
  readonly ref: Ref;
  /** Path of the part within `ref`, symlinks resolved, without leading slash; "" for all of it. */
  readonly subpath: string;
  readonly kind: "dir" | "file";
}

/**
 * Finds the part of a ref that a mount's selector names. A folder of the context is cut down to that part, so that
 * mounting one file does not unpack all of it.
 * @throws InputError `FILE_NOT_FOUND`
 */
export async function selectSubtree(
  store: Store,
  ref: Ref,
  options: { readonly selector: string; readonly signal: AbortSignal },
): Promise<Subtree> {
  const view = await store.roots.view(ref, options.signal);
  const { path, found } = view.resolve(options.selector === "" ? "/" : options.selector);
  if (!found) {
    throw new InputError("FILE_NOT_FOUND", `"${options.selector}" not found, which a mount needs`, {
      hint: "Check the mount's source, and .dockerignore when it is a file of the build context.",
      data: { path: options.selector },
    });
  }
  const kind = found.entry.kind === "dir" ? "dir" : "file";
  const volatile = ref.layers.some((id) => store.layers.isVolatile(id));
  if (!volatile || ref.layers.length !== 1 || path === "") return { ref, subpath: textOfBytes(path), kind };

  const keep: Entry[] = [];
  const ancestors = new Set<string>();
  for (let parent: BytePath = parentOf(path); parent !== ""; parent = parentOf(parent)) ancestors.add(parent);
  for (const { entry } of view.walk("" as BytePath)) {
    const inside = entry.path === path || entry.path.startsWith(`${path}/`);
    // A hard link may have its first name outside of the part: such trees are mounted whole.
    if (inside && entry.kind === "hardlink" && !entry.target.startsWith(`${path}/`))
      return { ref, subpath: textOfBytes(path), kind };
    if (inside || ancestors.has(entry.path)) keep.push(entry);
  }
  return { ref: { layers: [store.layers.addVolatile({ entries: keep })] }, subpath: textOfBytes(path), kind };
}
