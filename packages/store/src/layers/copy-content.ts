import fs from "node:fs";
import { checkUnchanged, openUnchanged } from "../context/file-identity.ts";
import { fsPath } from "../layer-index/byte-path.ts";
import type { FileIdentity } from "../layer-index/entry.ts";
import { libc } from "../syscalls/libc.ts";

const SMALL_BYTES = 128 * 1024;
const BLOCK_BYTES = 1024 * 1024;
const { COPYFILE_EXCL, COPYFILE_FICLONE_FORCE, O_WRONLY, O_CREAT, O_EXCL } = fs.constants;

/** Copies contents of files to new files: as a reflink where the filesystem can, holes staying holes. Paths are bytes. */
export class ContentCopier {
  #canReflink = true;
  #buffer = Buffer.allocUnsafe(SMALL_BYTES);

  /**
   * Makes the file `to` with the content of `from`, which must be what `identity` says, before and after.
   * @throws InputError `CONTEXT_CHANGED`
   */
  copy(from: string, to: string, identity?: FileIdentity): void {
    const source = identity === undefined ? fs.openSync(fsPath(from), "r") : openUnchanged(from, identity);
    try {
      this.#copyOpen(source, to);
      if (identity !== undefined) checkUnchanged(source, from, identity);
    } finally {
      fs.closeSync(source);
    }
  }

  #copyOpen(source: number, to: string): void {
    const stat = fs.fstatSync(source);
    if (stat.size > SMALL_BYTES && this.#canReflink && this.#reflink(source, to)) return;
    const target = fs.openSync(fsPath(to), O_WRONLY | O_CREAT | O_EXCL, 0o600);
    try {
      if (stat.blocks * 512 < stat.size)
        copySparse(source, target, stat.size, (length) => this.#scratch(length));
      else this.#copyRange(source, target, 0, Number.MAX_SAFE_INTEGER);
    } finally {
      fs.closeSync(target);
    }
  }

  #reflink(source: number, to: string): boolean {
    try {
      // By descriptor, so that it is the file that was checked.
      fs.copyFileSync(`/proc/self/fd/${source}`, fsPath(to), COPYFILE_FICLONE_FORCE | COPYFILE_EXCL);
      return true;
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? "";
      if (!["ENOTSUP", "EOPNOTSUPP", "EXDEV", "EINVAL", "ENOTTY", "ENOSYS"].includes(code)) throw error;
      fs.rmSync(fsPath(to), { force: true });
      this.#canReflink = false;
      return false;
    }
  }

  #scratch(length: number): Buffer {
    if (length > this.#buffer.length && this.#buffer.length < BLOCK_BYTES)
      this.#buffer = Buffer.allocUnsafe(BLOCK_BYTES);
    return this.#buffer;
  }

  #copyRange(source: number, target: number, start: number, end: number): void {
    copyRange(source, target, { start, end }, (length) => this.#scratch(length));
  }
}

type Scratch = (length: number) => Buffer;

function copyRange(
  source: number,
  target: number,
  range: { start: number; end: number },
  scratch: Scratch,
): void {
  let buffer = scratch(0);
  for (let at = range.start; at < range.end;) {
    const count = fs.readSync(source, buffer, 0, Math.min(buffer.length, range.end - at), at);
    if (count === 0) break;
    for (let done = 0; done < count;) done += fs.writeSync(target, buffer, done, count - done, at + done);
    at += count;
    buffer = scratch(BLOCK_BYTES);
  }
}

function copySparse(source: number, target: number, sizeBytes: number, scratch: Scratch): void {
  const { seekData, seekHole } = libc();
  for (let at = 0; at < sizeBytes;) {
    const start = seekData(source, at);
    if (start === undefined) {
      copyRange(source, target, { start: at, end: sizeBytes }, scratch);
      break;
    }
    if (start < 0) break;
    const end = seekHole(source, start);
    copyRange(source, target, { start, end }, scratch);
    at = end;
  }
  fs.ftruncateSync(target, sizeBytes);
}
