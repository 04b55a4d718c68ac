import { lstat, readdir, rename, rm } from "node:fs/promises";
import { InputError } from "@slipway/oci";
import { shownPath } from "./entry-path.ts";
import { bytesBelow } from "./stage-tree.ts";

/** One move from the staging folder to its place, both relative to their roots. */
type Move = { readonly path: string; readonly replacesFile: boolean };

async function kindOf(file: Buffer): Promise<"none" | "dir" | "other"> {
  try {
    return (await lstat(file)).isDirectory() ? "dir" : "other";
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "none";
    throw error;
  }
}

async function plan(staging: string, dest: string, path: string, moves: Move[]): Promise<void> {
  const folder = path === "" ? Buffer.from(staging, "utf8") : bytesBelow(staging, path);
  for (const item of await readdir(folder, { encoding: "buffer", withFileTypes: true })) {
    const name = item.name.toString("latin1");
    const child = path === "" ? name : `${path}/${name}`;
    const there = await kindOf(bytesBelow(dest, child));
    if (item.isDirectory() && there === "dir") await plan(staging, dest, child, moves);
    else if (!item.isDirectory() && there === "dir") {
      throw new InputError(
        "EXPORT_DEST_INVALID",
        `can't write ${dest}/${shownPath(child)}: there is a folder in its place`,
        {
          hint: "Choose an empty folder as dest, or remove what is in the way.",
        },
      );
    } else moves.push({ path: child, replacesFile: item.isDirectory() && there === "other" });
  }
}

/**
 * Moves a staged tree into a folder that exists, over the files that are there; other files stay. Symlinks in the
 * folder are replaced, never followed. Conflicts are found before anything is moved.
 * @throws InputError `EXPORT_DEST_INVALID` when a file would replace a folder.
 */
export async function mergeInto(staging: string, dest: string, signal: AbortSignal): Promise<void> {
  const moves: Move[] = [];
  await plan(staging, dest, "", moves);
  signal.throwIfAborted();
  for (const { path, replacesFile } of moves) {
    const target = bytesBelow(dest, path);
    if (replacesFile) await rm(target);
    await rename(bytesBelow(staging, path), target);
  }
}
