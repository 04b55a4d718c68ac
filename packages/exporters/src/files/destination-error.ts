import { InputError, WorldError, type SlipwayError } from "@slipway/oci";

/** Turns what the file system says of a destination into an error that says what to do; passes on everything else. */
export function destinationError(error: unknown, dest: string): unknown {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
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
