import type { Bridge } from "@slipway/frontend-sdk";
import { createVertex, type Edge, NO_INPUT, type FileOp } from "@slipway/ir";
import { ARCHIVE_PREFIX_BYTES, isArchive } from "./archive-magic.ts";
import { gitSource, isHttpReference, parseGitReference } from "../sources/git-reference.ts";
import { solveVertex } from "../sources/local-source.ts";
import type { CompileOptions } from "../options.ts";
import { rootedPath } from "../paths.ts";
import { shownAddress } from "../sources/shown-address.ts";
import { sourceVertex } from "../sources/source-vertex.ts";

/** The name of a file that came by http as a context. */
const DOWNLOADED = "context";

/** A build context that does not come from the client. */
export interface RemoteContext {
  /** All of it. Its `.dockerignore` is not looked at, as with BuildKit. */
  readonly whole: Edge;
  /** The name of the build file when the context is nothing but that. */
  readonly loneFile?: string;
}

/** True when the option `context` names a place other than a folder of the client. */
export function isRemoteContext(context: string): boolean {
  return parseGitReference(context, { shorthand: true }) !== null || isHttpReference(context);
}

/**
 * The context that the option `context` names: a git repository, an archive, or a lone build file. Null for a folder of
 * the client.
 * @throws InputError `GIT_REFERENCE_INVALID`; what the sources throw, for an address by http
 */
export async function resolveRemoteContext(
  bridge: Bridge,
  { context, keepGitDir }: CompileOptions,
  signal: AbortSignal,
): Promise<RemoteContext | null> {
  const reference = parseGitReference(context, { shorthand: true });
  if (reference !== null) {
    const customName = `[internal] load git source ${shownAddress(context)}`;
    const vertex = sourceVertex(gitSource(reference, { keepGitDir }), { customName });
    return { whole: { vertex, index: 0 } };
  }
  if (!isHttpReference(context)) return null;
  const vertex = sourceVertex(
    { identifier: context, attrs: { "http.filename": DOWNLOADED } },
    { customName: "[internal] load remote build context" },
  );
  const range = { offset: 0, length: ARCHIVE_PREFIX_BYTES };
  const ref = await solveVertex(bridge, vertex, signal);
  const prefix = await bridge.readFile(ref, DOWNLOADED, { range, signal });
  if (!isArchive(prefix)) return { whole: { vertex, index: 0 }, loneFile: DOWNLOADED };
  return { whole: copied({ vertex, index: 0 }, { src: `/${DOWNLOADED}`, unpack: true }) };
}

/** A folder of a context as its root. */
export function subdirectory(context: Edge, subdir: string): Edge {
  const src = rootedPath(subdir);
  return src === "/" ? context : copied(context, { src, unpack: false });
}

function copied(from: Edge, { src, unpack }: { readonly src: string; readonly unpack: boolean }): Edge {
  const op: FileOp = {
    kind: "file",
    actions: [
      {
        kind: "copy",
        input: NO_INPUT,
        secondaryInput: 0,
        output: 0,
        src,
        dest: "/",
        mode: -1,
        modeStr: "",
        followSymlink: false,
        dirCopyContents: !unpack,
        attemptUnpack: unpack,
        createDestPath: false,
        allowWildcard: false,
        allowEmptyWildcard: false,
        timestampNs: -1n,
        includePatterns: [],
        excludePatterns: [],
        alwaysReplaceExistingDestPaths: false,
        requiredPaths: [],
      },
    ],
  };
  return { vertex: createVertex({ op, inputs: [from] }), index: 0 };
}
