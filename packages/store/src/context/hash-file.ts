import fs from "node:fs";
import { createDigester, sha256, type Digest } from "@slipway/oci";
import { fsPath } from "../layer-index/byte-path.ts";
import type { FileIdentity } from "../layer-index/entry.ts";
import { checkUnchanged, openUnchanged } from "./file-identity.ts";

const BLOCK_BYTES = 1024 * 1024;

/** A file to hash; with `identity` it must be that file before and after. The path is absolute, in bytes. */
export interface FileToHash {
  readonly path: string;
  readonly sizeBytes: number;
  readonly identity?: FileIdentity;
}

/** Hashes files one after another, reusing one buffer. */
export class FileHasher {
  #buffer = Buffer.allocUnsafe(64 * 1024);

  /** @throws InputError `CONTEXT_CHANGED`; errors of `fs` for files of the store. */
  hash(file: FileToHash): Digest {
    const fd =
      file.identity === undefined
        ? fs.openSync(fsPath(file.path), "r")
        : openUnchanged(file.path, file.identity);
    try {
      const digest = this.#hashOpen(fd, file.sizeBytes);
      if (file.identity !== undefined) checkUnchanged(fd, file.path, file.identity);
      return digest;
    } finally {
      fs.closeSync(fd);
    }
  }

  #hashOpen(fd: number, sizeBytes: number): Digest {
    if (sizeBytes > this.#buffer.length && this.#buffer.length < BLOCK_BYTES)
      this.#buffer = Buffer.allocUnsafe(BLOCK_BYTES);
    const buffer = this.#buffer;
    let filled = 0;
    // Small files are read and hashed at one go: a hash object costs more than they do.
    while (filled < buffer.length) {
      const count = fs.readSync(fd, buffer, filled, buffer.length - filled, null);
      if (count === 0) return sha256(buffer.subarray(0, filled));
      filled += count;
      if (filled === sizeBytes && filled < buffer.length) {
        return sha256(buffer.subarray(0, filled));
      }
    }
    const hasher = createDigester().update(buffer);
    for (let count; (count = fs.readSync(fd, buffer, 0, buffer.length, null)) > 0;) {
      hasher.update(count === buffer.length ? buffer : buffer.subarray(0, count));
    }
    return hasher.digest();
  }
}
