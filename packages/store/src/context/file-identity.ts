import fs from "node:fs";
import { InputError } from "@slipway/oci";
import { fsPath, textOfBytes } from "../layer-index/byte-path.ts";
import type { FileIdentity } from "../layer-index/entry.ts";

/** What tells a file from another and from itself after a change. */
export function identityOf(stat: fs.BigIntStats): FileIdentity {
  return {
    dev: stat.dev,
    ino: stat.ino,
    sizeBytes: Number(stat.size),
    mtimeNs: stat.mtimeNs,
    ctimeNs: stat.ctimeNs,
  };
}

export function sameIdentity(a: FileIdentity, b: FileIdentity): boolean {
  return (
    a.ino === b.ino &&
    a.ctimeNs === b.ctimeNs &&
    a.mtimeNs === b.mtimeNs &&
    a.sizeBytes === b.sizeBytes &&
    a.dev === b.dev
  );
}

/** The error for a file of the context that is no longer what it was when the build first saw it. `path` in bytes. */
export function contextChanged(path: string, cause?: unknown): InputError<"CONTEXT_CHANGED"> {
  const name = textOfBytes(path);
  return new InputError("CONTEXT_CHANGED", `"${name}" changed while it was being built`, {
    hint: "Build again when nothing writes to it, or exclude it with a .dockerignore file.",
    cause,
    data: { path: name },
  });
}

/**
 * Opens a file of the host for reading and makes sure that it is the one that `identity` describes. The caller closes
 * the descriptor, and calls `checkUnchanged` when it has read.
 * @throws InputError `CONTEXT_CHANGED`
 */
export function openUnchanged(path: string, identity: FileIdentity): number {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = fs.constants;
  let fd: number;
  try {
    // A symlink or a fifo in the file's place must neither be followed nor block.
    fd = fs.openSync(fsPath(path), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "EACCES" || code === "EPERM") {
      const name = textOfBytes(path);
      throw new InputError("CONTEXT_UNREADABLE", `not allowed to read "${name}"`, {
        hint: "Give yourself permission to read it, or exclude it with a .dockerignore file.",
        cause: error,
        data: { path: name },
      });
    }
    if (code === "ENOENT" || code === "ELOOP" || code === "ENOTDIR" || code === "ENXIO")
      throw contextChanged(path, error);
    throw error;
  }
  try {
    checkUnchanged(fd, path, identity);
  } catch (error) {
    fs.closeSync(fd);
    throw error;
  }
  return fd;
}

/** @throws InputError `CONTEXT_CHANGED` when the open file is no longer what `identity` describes. */
export function checkUnchanged(fd: number, path: string, identity: FileIdentity): void {
  if (!sameIdentity(identityOf(fs.fstatSync(fd, { bigint: true })), identity)) throw contextChanged(path);
}
