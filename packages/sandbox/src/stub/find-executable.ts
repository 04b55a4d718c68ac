import { accessSync, constants, statSync } from "node:fs";
import { defaultPath } from "../rules/default-rules.ts";
import { StubFailure } from "./stub-failure.ts";

/** How the look-up sees files; the defaults are those of the calling process. */
export interface FileView {
  /** The kind of what is at `file`, symlinks followed; undefined when nothing is. */
  kindOf(file: string): "file" | "folder" | undefined;
  isExecutable(file: string): boolean;
}

const ownView: FileView = {
  kindOf: (file) => {
    try {
      return statSync(file).isDirectory() ? "folder" : "file";
    } catch {
      return undefined;
    }
  },
  isExecutable: (file) => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  },
};

/**
 * Looks `command` up as execvp(3) does: a name with a slash is a path, another is searched for in the PATH of `env`.
 * @throws StubFailure `COMMAND_NOT_FOUND`, `COMMAND_NOT_EXECUTABLE`.
 */
export function findExecutable(command: string, env: readonly string[], view: FileView = ownView): string {
  if (command.includes("/")) {
    const kind = view.kindOf(command);
    if (kind === undefined) throw notFound(command, "there is no such file in the root filesystem");
    if (kind === "folder") throw notExecutable(command, "it is a folder");
    if (!view.isExecutable(command))
      throw notExecutable(command, "its mode does not let this user execute it");
    return command;
  }
  // The last one counts, as it does for the process itself.
  const searched = env.findLast((entry) => entry.startsWith("PATH="))?.slice("PATH=".length) ?? defaultPath;
  let refused: string | undefined;
  for (const folder of searched.split(":")) {
    const candidate = `${folder === "" ? "." : folder}/${command}`;
    if (command === "" || view.kindOf(candidate) !== "file") continue;
    if (view.isExecutable(candidate)) return candidate;
    refused ??= candidate;
  }
  if (refused !== undefined) throw notExecutable(refused, "its mode does not let this user execute it");
  throw notFound(command, `it is in no folder of PATH (${searched})`);
}

function notFound(command: string, why: string): StubFailure {
  return new StubFailure(
    "COMMAND_NOT_FOUND",
    `command not found: ${JSON.stringify(command)}: ${why}`,
    "Install it in an earlier step, or write its full path.",
  );
}

function notExecutable(command: string, why: string): StubFailure {
  return new StubFailure(
    "COMMAND_NOT_EXECUTABLE",
    `can't execute ${JSON.stringify(command)}: ${why}`,
    "Give it the right to be executed (chmod +x, COPY --chmod), or run it through its interpreter.",
  );
}

/** What execve said about a file that the look-up had found. */
export function executeFailure(file: string, errno: string): StubFailure {
  switch (errno) {
    case "ENOENT":
      return notExecutable(
        file,
        "the interpreter that its first line or its ELF header names is not in the root filesystem",
      );
    case "ENOEXEC":
      return new StubFailure(
        "COMMAND_NOT_EXECUTABLE",
        `can't execute ${JSON.stringify(file)}: it is neither a program for this machine nor a script with a #! line`,
        "Check the platform of the image and the first line of the script.",
      );
    case "E2BIG":
      return new StubFailure(
        "COMMAND_NOT_EXECUTABLE",
        `can't execute ${JSON.stringify(file)}: its arguments and environment are too long`,
        "Put long values into a file.",
      );
    default:
      return notExecutable(file, errno);
  }
}
