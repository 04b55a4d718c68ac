import { readdirSync, statSync, type Stats } from "node:fs";
import path from "node:path";
import { InputError, WorldError } from "@slipway/oci";

const NAMES = /^(?:Dockerfile|Containerfile)(?:\..+)?$|^.+\.(?:Dockerfile|Containerfile)$/i;
/** Files that are about a build file, or that a program has yet to make one of. */
const OTHERS =
  /\.(?:dockerignore|containerignore|bak|orig|rej|swp|tmp|md|txt|json|ya?ml|toml|sh|j2|jinja2?|tmpl|tpl|template|erb|ejs|hbs|mustache|in)$/i;
/** Folders whose files are other people's. */
const SKIPPED = new Set(["node_modules", "vendor"]);

/** Whether a file's name is that of a Dockerfile: `Dockerfile`, `Dockerfile.web`, `web.Dockerfile`, `Containerfile`, … */
export function isBuildFileName(name: string): boolean {
  return NAMES.test(name) && !OTHERS.test(name);
}

/**
 * The Dockerfiles in a folder and all below it, sorted. Hidden folders, `node_modules` and `vendor` are left out, and
 * symbolic links are not followed.
 * @returns paths that begin with `folder` as it is given, unless it is `.`
 */
export function findBuildFiles(folder: string, cwd: string): string[] {
  const found: string[] = [];
  const pending = [folder];
  for (let current = pending.pop(); current !== undefined; current = pending.pop()) {
    for (const entry of readdirSync(path.resolve(cwd, current), { withFileTypes: true })) {
      const name = path.join(current, entry.name);
      if (entry.isFile() && isBuildFileName(entry.name)) found.push(name);
      if (entry.isDirectory() && !entry.name.startsWith(".") && !SKIPPED.has(entry.name)) pending.push(name);
    }
  }
  return found.sort();
}

/**
 * What the arguments of `slipway fmt` name: files as they are, of folders the Dockerfiles in them. Each once.
 * @throws InputError `BUILD_FILE_NOT_FOUND`
 */
export function namedBuildFiles(names: readonly string[], cwd: string): readonly string[] {
  const files = new Map<string, string>();
  for (const name of names) {
    const status = statOf(path.resolve(cwd, name));
    // A pipe may never end, and a device is nothing that can be replaced.
    if (status !== undefined && !status.isFile() && !status.isDirectory()) {
      throw new InputError("BUILD_FILE_NOT_FOUND", `${name} is neither a file nor a folder`, {
        hint: "Name files, or folders that hold Dockerfiles; - is stdin.",
      });
    }
    if (status === undefined) {
      throw new InputError("BUILD_FILE_NOT_FOUND", `${name} does not exist`, {
        hint: "Name files, or folders that hold Dockerfiles; - is stdin.",
      });
    }
    const found = status.isDirectory() ? findBuildFiles(name, cwd) : [name];
    if (found.length === 0) {
      throw new InputError("BUILD_FILE_NOT_FOUND", `there is no Dockerfile in ${path.resolve(cwd, name)}`, {
        hint: "Dockerfile, Dockerfile.*, *.Dockerfile and Containerfile are looked for; name other files yourself.",
      });
    }
    for (const file of found)
      if (!files.has(path.resolve(cwd, file))) files.set(path.resolve(cwd, file), file);
  }
  return [...files.values()];
}

/** Undefined for what is not there, and for links that lead nowhere. */
function statOf(file: string): Stats | undefined {
  try {
    return statSync(file, { throwIfNoEntry: false });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ELOOP" || code === "ENOTDIR" || code === "ENAMETOOLONG") return undefined;
    throw new WorldError("BUILD_FILE_UNREADABLE", `can't read ${file}: ${message}`, {
      hint: "Check the mode and owner of its folders.",
      cause: error,
    });
  }
}
