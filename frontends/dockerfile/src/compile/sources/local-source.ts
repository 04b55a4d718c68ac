import { type Bridge, type BridgeRef } from "@slipway/frontend-sdk";
import { createVertex, CUSTOM_NAME, jsonList, type SourceOp, type Vertex } from "@slipway/ir";
import { InputError } from "@slipway/oci";
import type { DockerfileErrorCode } from "../../problems.ts";

export interface LocalOptions {
  /** What progress calls it. */
  readonly customName: string;
  readonly sharedKeyHint: string;
  /** Only these paths and what they link to; empty means everything. */
  readonly followPaths?: readonly string[];
  readonly excludePatterns?: readonly string[];
}

/** A folder that the client lends, as a vertex. @see facts of BuildKit's wire, `local://` */
export function localVertex(name: string, options: LocalOptions): Vertex {
  const attrs: Record<string, string> = { "local.sharedkeyhint": options.sharedKeyHint };
  const lists = { excludepatterns: options.excludePatterns, followpaths: options.followPaths };
  for (const [key, list] of Object.entries(lists)) {
    const json = jsonList(list);
    if (json !== undefined) attrs[`local.${key}`] = json;
  }
  const op: SourceOp = { kind: "source", identifier: `local://${name}`, attrs };
  return createVertex({
    op,
    metadata: { description: { [CUSTOM_NAME]: options.customName } },
  });
}

/** Lets the engine fetch a vertex, to read files out of it. */
export function solveVertex(bridge: Bridge, vertex: Vertex, signal: AbortSignal): Promise<BridgeRef> {
  return bridge.solve({ result: { vertex, index: 0 }, sources: [], locations: new Map() }, { signal });
}

/**
 * The content of a file; undefined when nothing has its name.
 * @throws InputError `FILE_NOT_REGULAR` for a folder, a device, or a symlink that leads out of what the client lends:
 * to go on without the file would send what an ignore file keeps back
 */
export async function readOptionalFile(
  bridge: Bridge,
  ref: BridgeRef,
  file: { readonly path: string; readonly signal: AbortSignal },
): Promise<Uint8Array | undefined> {
  try {
    return await bridge.readFile(ref, file.path, { signal: file.signal });
  } catch (error) {
    if (!(error instanceof InputError) || error.code !== "FILE_NOT_FOUND") throw error;
    await checkNameIsFree(bridge, ref, file);
    return undefined;
  }
}

async function checkNameIsFree(
  bridge: Bridge,
  ref: BridgeRef,
  file: { readonly path: string; readonly signal: AbortSignal },
): Promise<void> {
  const slash = file.path.lastIndexOf("/");
  const found = await bridge
    .readDir(ref, file.path.slice(0, Math.max(0, slash)), { signal: file.signal })
    .catch((error: unknown) => {
      if (error instanceof InputError && error.code === "FILE_NOT_FOUND") return [];
      throw error;
    });
  const entry = found.find(({ path }) => path === file.path.slice(slash + 1));
  if (entry === undefined) return;
  const isLink = entry.kind === "symlink";
  throw new InputError<DockerfileErrorCode>(
    "FILE_NOT_REGULAR",
    isLink
      ? `${file.path} is a symbolic link to "${entry.linkname ?? ""}", where no file is that the build may read`
      : `${file.path} is not a file`,
    {
      hint: isLink
        ? "Links are followed within the folder only: copy the file there, or name its target with --file if it is the build file."
        : "Remove it, or put a file in its place.",
      data: { path: file.path },
    },
  );
}
