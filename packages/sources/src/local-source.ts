import { InputError } from "@slipway/oci";
import { createPatternMatcher } from "@slipway/ir/patterns";
import type { SourceOp } from "@slipway/ir";
import type { Source } from "@slipway/engine-sdk";
import { bytesOfText, type BytePath, type LayerIndex, type Selection, type Store } from "@slipway/store";
import { followPaths, foldersOfWildcards } from "./follow-paths.ts";

const SCHEME = "local";

/** The folders that a build was lent. */
export interface LocalSource extends Source {
  /** What an op takes of its folder at this moment. @throws what `load` throws */
  scan(op: SourceOp, signal: AbortSignal): Promise<LayerIndex>;
}

/**
 * Folders of this machine: `local://name`, with the attributes `local.includepattern`, `local.excludepatterns` and
 * `local.followpaths` (JSON arrays). Files are root's unless `slipway.local.keepowner` is `true`. Only folders that the build was lent by name are within reach. A folder has no
 * key of its own: what is taken from it is keyed by content.
 */
export function createLocalSource(options: {
  readonly store: Store;
  /** Absolute paths by name. */
  readonly folders: Readonly<Record<string, string>>;
}): LocalSource {
  const { store, folders } = options;

  async function scan(op: SourceOp, signal: AbortSignal): Promise<LayerIndex> {
    const name = op.identifier.slice(`${SCHEME}://`.length);
    const folder = Object.hasOwn(folders, name) ? folders[name] : undefined;
    if (folder === undefined) {
      throw new InputError(
        "LOCAL_NOT_LENT",
        `the build wants the local folder "${name}", which it was not given`,
        {
          hint: `Pass it with --build-context ${name}=PATH.`,
        },
      );
    }
    return store.scanFolder(bytesOfText(folder), {
      select: selection(op, folder),
      keepOwner: op.attrs["slipway.local.keepowner"] === "true",
      signal,
    });
  }

  return {
    schemes: [SCHEME],
    scan,
    key: () => Promise.resolve(null),
    async load(op, _platform, { vertex, context }) {
      const startedMs = Date.now();
      const index = await scan(op, context.signal);
      const completedMs = Date.now();
      context.progress({
        kind: "status",
        id: "scanning",
        vertex: vertex.digest,
        name: `scanning ${index.entries.length} entries`,
        current: 0,
        total: 0,
        timestampMs: completedMs,
        startedMs,
        completedMs,
      });
      return { layers: [store.layers.addVolatile(index)] };
    },
  };
}

/** What the op's patterns take of a folder; undefined for all of it. */
function selection(
  op: SourceOp,
  folder: string,
): ((path: BytePath, kind: "dir" | "other") => Selection) | undefined {
  const excludePatterns = patterns(op, "local.excludepatterns");
  const includePatterns = [...patterns(op, "local.includepattern")];
  const followed = patterns(op, "local.followpaths");
  const followedPatterns = followed.length > 0 ? (followPaths(folder, followed) ?? ["**"]) : [];
  includePatterns.push(...followedPatterns);
  const folders = new Set([...foldersOfWildcards(followedPatterns)].map(bytesOfText));
  if (excludePatterns.length === 0 && includePatterns.length === 0) return undefined;

  const include =
    includePatterns.length > 0 ? createPatternMatcher(includePatterns.map(bytesOfText)) : undefined;
  const exclude =
    excludePatterns.length > 0 ? createPatternMatcher(excludePatterns.map(bytesOfText)) : undefined;
  const mayReturn = excludePatterns.some((pattern) => pattern.startsWith("!"));
  return (path, kind) => {
    if (exclude?.matches(path)) return kind === "dir" && mayReturn ? "descend" : "exclude";
    if (!include || include.matches(path) || (kind === "dir" && folders.has(path))) return "include";
    return kind === "dir" && include.mayMatchBelow(path) ? "descend" : "exclude";
  };
}

function patterns(op: SourceOp, attr: string): string[] {
  const text = op.attrs[attr];
  if (text === undefined || text === "") return [];
  try {
    const value: unknown = JSON.parse(text);
    if (Array.isArray(value) && value.every((item) => typeof item === "string")) return value;
  } catch {
    // Said below, as for every other value that is no list.
  }
  throw new InputError("LLB_INVALID", `${attr} of ${op.identifier} is not a JSON array of strings`, {
    hint: "The frontend made a definition that does not follow LLB: report it to its authors.",
  });
}
