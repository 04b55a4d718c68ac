import { type Bridge, type BridgeRef } from "@slipway/frontend-sdk";
import { createVertex, CUSTOM_NAME, type Vertex } from "@slipway/ir";
import { InputError } from "@slipway/oci";

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
  if (options.excludePatterns?.length)
    attrs["local.excludepatterns"] = JSON.stringify(options.excludePatterns);
  if (options.followPaths?.length) attrs["local.followpaths"] = JSON.stringify(options.followPaths);
  return createVertex({
    op: { kind: "source", identifier: `local://${name}`, attrs },
    metadata: { description: { [CUSTOM_NAME]: options.customName } },
  });
}

/** Lets the engine fetch a vertex, to read files out of it. */
export function solveVertex(bridge: Bridge, vertex: Vertex, signal: AbortSignal): Promise<BridgeRef> {
  return bridge.solve({ result: { vertex, index: 0 }, sources: [], locations: new Map() }, { signal });
}

/** The content of a file; undefined when there is none. */
export async function readOptionalFile(
  bridge: Bridge,
  ref: BridgeRef,
  file: { readonly path: string; readonly signal: AbortSignal },
): Promise<Uint8Array | undefined> {
  try {
    return await bridge.readFile(ref, file.path, { signal: file.signal });
  } catch (error) {
    if (error instanceof InputError && error.code === "FILE_NOT_FOUND") return undefined;
    throw error;
  }
}

/** The text of a file; a byte-order mark stays, bytes that are no UTF-8 become U+FFFD. */
export function decodeText(bytes: Uint8Array): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
}
