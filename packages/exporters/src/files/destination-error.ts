import { InputError, WorldError, type SlipwayError } from "@slipway/oci";

interface FileSystemError {
  readonly code?: string;
  readonly syscall?: string;
  readonly path?: string | Buffer;
  /** The second path, of those calls that have one. */
  readonly dest?: string | Buffer;
}

/** True when an error is about the destination or a folder above it, not about a blob that is read. */
function concerns({ code, syscall, path, dest: second }: FileSystemError, file: string): boolean {
  // Writes to an open file carry no path.
  if (path === undefined) return syscall === "write" || syscall === "fsync";
  // Of a copy, only these can't be about its source.
  const target = code === "ENOSPC" || code === "EDQUOT" || code === "EROFS" ? (second ?? path) : path;
  const where = String(target);
  return (
    where.startsWith(file) || file.startsWith(where) || where.endsWith(".tmp") || where.includes(".tmp/")
  );
}

/**
 * Turns what the file system says of a destination into an error that says what to do; gives back everything else
 * as it is.
 * @param dest as the person wrote it
 * @param file the absolute path of it
 */
export function destinationError(error: unknown, dest: string, file: string): unknown {
  if (!(error instanceof Error) || !concerns(error as FileSystemError, file)) return error;
  const { code } = error as FileSystemError;
  const input = (message: string, hint: string): SlipwayError =>
    new InputError("EXPORT_DEST_INVALID", message, { hint, cause: error, data: { dest } });
  switch (code) {
    case "ENOENT":
      return input(
        `can't write ${dest}: its folder does not exist`,
        "Make the folder first, or choose another dest.",
      );
    case "ENOTDIR":
    case "EEXIST":
      return input(`can't write ${dest}: there is something else in its place`, "Choose another dest.");
    case "EISDIR":
      return input(`can't write ${dest}: it is a folder`, "Name a file in it as dest.");
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return input(`can't write ${dest}: permission denied`, "Choose a dest that you may write to.");
    case "ENOSPC":
    case "EDQUOT":
      return new WorldError("DISK_FULL", `no space left to write ${dest}`, {
        hint: "Free space there, or choose a dest on another file system.",
        cause: error,
        data: { dest },
      });
    default:
      return error;
  }
}
