// Paths inside images are POSIX paths, wherever Slipway runs.

/** The shortest equal path: no `.`, no `//`, `..` resolved, no slash at the end. Empty becomes `.`. @see Go, path.Clean */
export function cleanPath(path: string): string {
  const absolute = path.startsWith("/");
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.length > 0 && parts.at(-1) !== "..") parts.pop();
    else if (!absolute) parts.push(part);
  }
  const joined = parts.join("/");
  return absolute ? `/${joined}` : joined || ".";
}

/** Joins with slashes and cleans; empty parts are left out. @see Go, path.Join */
export function joinPath(...parts: readonly string[]): string {
  const filled = parts.filter((part) => part !== "");
  return filled.length === 0 ? "" : cleanPath(filled.join("/"));
}

/** An absolute path below the root; `..` stops there. */
export function rootedPath(path: string): string {
  return joinPath("/", path);
}

/**
 * The absolute path that `path` means in the folder `cwd`. A slash at the end stays, and a dot behind it, since they make
 * a destination a folder.
 */
export function destinationPath(cwd: string, path: string): string {
  const written = path === "" || path === "." ? "./" : path;
  const absolute = written.startsWith("/") ? cleanPath(written) : joinPath("/", cwd, written);
  const [end] = /\/\.?$/.exec(written) ?? [""];
  return absolute === "/" ? end.replace(/^\/?/, "/") : `${absolute}${end}`;
}
