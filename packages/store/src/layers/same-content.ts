import fs from "node:fs";
import { fsPath } from "../layer-index/byte-path.ts";

const BLOCK_BYTES = 256 * 1024;

/**
 * Whether a file (path in bytes) holds what another one does. `other` is closed, and is as long as the file.
 */
export function hasContent(
  path: string,
  other: { readonly fd: number; readonly sizeBytes: number } | { readonly data: Uint8Array },
): boolean {
  if ("data" in other) return fs.readFileSync(fsPath(path)).equals(other.data);
  const file = fs.openSync(fsPath(path), "r");
  try {
    const [a, b] = [Buffer.allocUnsafe(BLOCK_BYTES), Buffer.allocUnsafe(BLOCK_BYTES)];
    for (let at = 0; at < other.sizeBytes;) {
      const read = fs.readSync(file, a, 0, BLOCK_BYTES, at);
      if (read === 0 || fs.readSync(other.fd, b, 0, read, at) !== read) return false;
      if (!a.subarray(0, read).equals(b.subarray(0, read))) return false;
      at += read;
    }
    return true;
  } finally {
    fs.closeSync(file);
    fs.closeSync(other.fd);
  }
}
