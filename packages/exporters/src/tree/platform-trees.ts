import { formatPlatform, InputError, InvariantError, normalizePlatform } from "@slipway/oci";
import type { ExportContext, FileEntry } from "@slipway/engine-sdk";
import { checkEntryPath, parentPath, shownPath } from "./entry-path.ts";

/** One entry of what is exported, with links into the same platform's tree moved along. */
export type TreeEntry = FileEntry;

const NO_XATTRS: ReadonlyMap<string, Uint8Array> = new Map();

function folder(path: string): TreeEntry {
  return { path, kind: "dir", mode: 0o755, uid: 0, gid: 0, sizeBytes: 0, mtimeNs: 0n, xattrs: NO_XATTRS };
}

function below(prefix: string, entry: FileEntry): TreeEntry {
  if (prefix === "") return entry;
  const moved =
    entry.kind === "hardlink" && entry.linkname !== undefined
      ? { linkname: `${prefix}/${entry.linkname}` }
      : {};
  // A spread would lose `open` of an entry that is an object of a class.
  return {
    ...entry,
    ...(entry.open ? { open: () => entry.open!() } : {}),
    path: `${prefix}/${entry.path}`,
    ...moved,
  };
}

/**
 * The entries of all platforms' trees, parents before children. Several platforms get a folder each, named
 * `os_arch[_variant]`, unless told not to: then two of them must not have the same file.
 * What comes out is checked: paths stay below the root, and each parent is a folder that came before (so nothing is
 * ever written through a symlink), and hard links name a file that came before.
 * @throws InputError `EXPORT_COLLISION`; InvariantError for a tree that is not one.
 */
export async function* platformTrees(
  context: Pick<ExportContext, "results" | "signal" | "multiPlatform">,
  split: boolean | undefined,
): AsyncGenerator<TreeEntry, void, undefined> {
  const splits = split ?? (context.results.length > 1 || context.multiPlatform === true);
  const folders = new Set<string>();
  const others = new Set<string>();
  for (const { platform, ref } of context.results) {
    const prefix = splits ? formatPlatform(normalizePlatform(platform)).replaceAll("/", "_") : "";
    if (prefix !== "") {
      folders.add(prefix);
      yield folder(prefix);
    }
    const own = new Set<string>();
    for await (const plain of ref.files()) {
      context.signal.throwIfAborted();
      // The root's own metadata is the destination's affair.
      if (plain.path === "") continue;
      checkEntryPath(plain.path);
      const entry = below(prefix, plain);
      const { path } = entry;
      const parent = parentPath(path);
      if (parent !== "" && !folders.has(parent)) checkFailed(path, "is in something that is not a folder");
      if (own.has(path)) checkFailed(path, "is there twice");
      own.add(path);
      if (
        entry.kind === "hardlink" &&
        !(entry.linkname !== undefined && own.has(entry.linkname) && others.has(entry.linkname))
      ) {
        checkFailed(path, "is a hard link to something that does not come before it");
      }
      if (others.has(path) || (folders.has(path) && entry.kind !== "dir")) {
        throw new InputError("EXPORT_COLLISION", `two platforms have ${shownPath(path)}`, {
          hint: "Leave out platform-split=false, so that each platform gets a folder of its own.",
        });
      }
      if (entry.kind === "dir") folders.add(path);
      else others.add(path);
      yield entry;
    }
  }
}

function checkFailed(path: string, why: string): never {
  throw new InvariantError(`a result can't be exported: ${shownPath(path)} ${why}`);
}
