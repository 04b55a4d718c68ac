import { digestHex, type Digest } from "@slipway/oci";
import type { FileToHash } from "../context/hash-file.ts";
import { hashFiles } from "../context/hash-files.ts";
import { joinBytes, type BytePath } from "../layer-index/byte-path.ts";
import { indexDigest } from "../layer-index/codec.ts";
import type { Entry, LayerIndex } from "../layer-index/entry.ts";
import { scanUpper } from "./scan-upper.ts";

/**
 * A whole folder (bytes) as an index whose contents are in it, with all digests, and the name that follows from it.
 * What lies in the root counts, the root's own metadata does not.
 */
export async function scanTree(
  folder: string,
  options: { readonly digests: ReadonlyMap<BytePath, Digest>; readonly signal: AbortSignal },
): Promise<{ readonly index: LayerIndex; readonly sizeBytes: number; readonly name: string }> {
  const { digests, signal } = options;
  const scan = await scanUpper(folder, {
    lower: { lstat: () => undefined, list: () => undefined, open: () => ({ data: new Uint8Array(0) }) },
    offered: new Set(),
    rootBefore: { mode: 0o755, uid: 0, gid: 0, mtimeNs: 0n },
    signal,
  });
  const entries: Entry[] = scan.index.entries.filter(({ path }) => path !== "");
  const files: FileToHash[] = [];
  const places: number[] = [];
  for (const [i, entry] of entries.entries()) {
    if (entry.kind !== "file") continue;
    const digest = digests.get(entry.path);
    if (digest !== undefined) entries[i] = { ...entry, digest };
    else {
      files.push({ path: joinBytes(folder, entry.path), sizeBytes: entry.sizeBytes });
      places.push(i);
    }
  }
  const computed = files.length > 0 ? await hashFiles(files, signal) : [];
  for (const [n, i] of places.entries()) {
    const entry = entries[i];
    if (entry?.kind === "file") entries[i] = { ...entry, digest: computed[n]! };
  }
  const index = { entries };
  return { index, sizeBytes: scan.sizeBytes, name: digestHex(indexDigest(index)) };
}
