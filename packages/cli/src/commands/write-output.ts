import { renameSync, rmSync, writeFileSync } from "node:fs";
import type { Writable } from "node:stream";
import { randomName, WorldError } from "@slipway/oci";

const REASONS = new Map([
  ["ENOENT", "its folder does not exist"],
  ["ENOTDIR", "its folder does not exist"],
  ["EISDIR", "it is a folder"],
  ["EACCES", "permission denied"],
  ["EROFS", "the file system is read-only"],
  ["ENOSPC", "the disk is full"],
]);

/**
 * Writes a file so that it appears whole or not at all.
 * @throws WorldError `OUTPUT_FILE`
 */
export function writeFileAtomically(file: string, content: string | Uint8Array): void {
  const temporary = `${file}.${randomName(12)}.tmp`;
  try {
    writeFileSync(temporary, content);
    renameSync(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    const { code } = error as NodeJS.ErrnoException;
    throw new WorldError("OUTPUT_FILE", `can't write ${file}: ${REASONS.get(code ?? "") ?? String(error)}`, {
      hint: "Make its folder first, or choose another file.",
      cause: error,
    });
  }
}

/** Writes all of it before it resolves; a reader that has gone away is no error. */
export async function writeAll(stream: Writable, content: string | Uint8Array): Promise<void> {
  if (!stream.writable) return;
  await new Promise<void>((resolve, reject) => {
    stream.write(content, (error) => {
      if (error && (error as NodeJS.ErrnoException).code !== "EPIPE") reject(error);
      else resolve();
    });
  });
}
