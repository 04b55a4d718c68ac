/** The shortest equal path, as Go's path.Clean: no empty, `.` or needless `..` components; `.` for nothing. */
export function cleanPath(path: string): string {
  const rooted = path.startsWith("/");
  const kept: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") kept.push(part);
    else if (kept.length > 0 && kept.at(-1) !== "..") kept.pop();
    else if (!rooted) kept.push("..");
  }
  const joined = kept.join("/");
  return rooted ? `/${joined}` : joined || ".";
}

/** `path` seen from the absolute folder `dir`: absolute and clean. */
export function resolvePath(dir: string, path: string): string {
  return cleanPath(path.startsWith("/") ? path : `/${dir}/${path}`);
}

/** As `resolvePath`, but a trailing `/` or `/.` of `path`, which says "a folder", survives. */
export function resolveDestination(dir: string, path: string): string {
  const clean = resolvePath(dir, path);
  if (path.endsWith("/") && clean !== "/") return `${clean}/`;
  if (path.endsWith("/.")) return clean === "/" ? "/." : `${clean}/.`;
  return clean;
}

/** True when walking `path` from a root, component by component, ever leaves the root. */
export function escapesRoot(path: string): boolean {
  let depth = 0;
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    depth += part === ".." ? -1 : 1;
    if (depth < 0) return true;
  }
  return false;
}
