import fs from "node:fs";
import path from "node:path";
import { errnoOf } from "./fs-errors.ts";

/**
 * Makes a folder and those above it that are missing. Unlike Node's recursive mkdir, which tries for ever where the
 * kernel answers ENOENT to a parent that is there (in /proc, for one), it gives up.
 * @param folder absolute
 */
export function makeFolders(folder: string, mode: number): void {
  try {
    fs.mkdirSync(folder, { mode });
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === "EEXIST" && fs.statSync(folder).isDirectory()) return;
    const parent = path.dirname(folder);
    if (errno !== "ENOENT" || parent === folder || fs.existsSync(parent)) throw error;
    makeFolders(parent, mode);
    fs.mkdirSync(folder, { mode });
  }
}
