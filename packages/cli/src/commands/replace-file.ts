import {
  chmodSync,
  chownSync,
  closeSync,
  fsyncSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { randomName, WorldError } from "@slipway/oci";

/**
 * Gives an existing file new content: it has the old or the new one at every instant. Mode and owner stay, and of a
 * symbolic link the file that it leads to is replaced.
 * @throws WorldError `OUTPUT_FILE`
 */
export function replaceFile(file: string, content: string): void {
  let temporary: string | undefined;
  try {
    const target = realpathSync(file);
    const { mode, uid, gid } = statSync(target);
    temporary = path.join(path.dirname(target), `.${path.basename(target)}.${randomName(12)}.tmp`);
    const handle = openSync(temporary, "wx", 0o600);
    try {
      writeFileSync(handle, content);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    // A change of owner takes set-user-ID bits away, so that the mode comes last.
    const made = statSync(temporary);
    if (made.uid !== uid || made.gid !== gid) chownSync(temporary, uid, gid);
    chmodSync(temporary, mode & 0o7777);
    renameSync(temporary, target);
  } catch (error) {
    if (temporary !== undefined) rmSync(temporary, { force: true });
    throw new WorldError("OUTPUT_FILE", `can't write ${file}: ${(error as Error).message}`, {
      hint: "Its folder has to be one that you may write to.",
      cause: error,
    });
  }
}
