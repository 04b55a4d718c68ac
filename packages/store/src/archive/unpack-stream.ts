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
  /** Whether what follows the end of the archive is not even read: it may be anything. The diff ID then means nothing. */
  readonly stopsAtEnd?: boolean;
}

/**
 * Unpacks in this thread.
 * @returns `isRead` is false when it stopped at the archive's end
 * @throws InputError `ARCHIVE_…`
 */
export async function unpackStream(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  options: UnpackStreamOptions,
): Promise<{ readonly index: LayerIndex; readonly diffId: DiffId; readonly isRead: boolean }> {
  const hash = createHash("sha256");
  const tree = new TreeWriter(options);
  const parser = new TarParser(tree);
  let isRead = true;
  const atEnd = new Error("the archive is complete");
  try {
    await decompressInto(source, {
      compression: options.compression,
      signal: options.signal,
      ...(options.stopsAtEnd === true ? { gzipTail: "unread" as const } : {}),
      take(chunk) {
        // The diff ID covers what follows the archive's end, too.
        hash.update(chunk);
        parser.push(chunk);
        if (options.stopsAtEnd === true && parser.ended) throw atEnd;
      },
    }).catch((error: unknown) => {
      if (error !== atEnd) throw error;
      isRead = false;
    });
    parser.end();
    return { index: tree.finish(), diffId: `sha256:${hash.digest("hex")}` as DiffId, isRead };
  } catch (error) {
    tree.abandon();
    throw error;
  }
}
