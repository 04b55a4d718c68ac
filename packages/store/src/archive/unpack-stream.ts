import { createHash } from "node:crypto";
import type { DiffId } from "@slipway/oci";
import type { LayerIndex } from "../layer-index/entry.ts";
import { decompressInto } from "./decompress.ts";
import type { ArchiveCompression } from "./detect-archive.ts";
import { TarParser } from "./tar-parser.ts";
import { TreeWriter } from "./tree-writer.ts";
import type { TreeWriterOptions } from "./tree-writer.ts";

export interface UnpackStreamOptions extends TreeWriterOptions {
  readonly compression: ArchiveCompression;
  readonly signal?: AbortSignal;
}

/** Unpacks in this thread. @throws InputError `ARCHIVE_…` */
export async function unpackStream(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  options: UnpackStreamOptions,
): Promise<{ readonly index: LayerIndex; readonly diffId: DiffId }> {
  const hash = createHash("sha256");
  const tree = new TreeWriter(options);
  const parser = new TarParser(tree);
  try {
    await decompressInto(source, {
      compression: options.compression,
      signal: options.signal,
      take(chunk) {
        // The diff ID covers what follows the archive's end, too.
        hash.update(chunk);
        parser.push(chunk);
      },
    });
    parser.end();
    return { index: tree.finish(), diffId: `sha256:${hash.digest("hex")}` as DiffId };
  } catch (error) {
    tree.abandon();
    throw error;
  }
}
