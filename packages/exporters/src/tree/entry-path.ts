import { InvariantError } from "@slipway/oci";

/** Text for people; bytes that are not UTF-8 become U+FFFD. */
export function shownPath(path: string): string {
  return Buffer.from(path, "latin1").toString("utf8");
}

/**
 * Checks that a path of a merged tree (bytes in latin1) stays below its root by its form alone.
 * @throws InvariantError: the layers were checked when they came in, so that this can't happen.
 */
export function checkEntryPath(path: string): void {
  const bad =
    path === "" ||
    path.startsWith("/") ||
    path.includes("\0") ||
    path.split("/").some((part) => part === "" || part === "." || part === "..");
  if (bad)
    throw new InvariantError(`a result holds the path "${shownPath(path)}", which is not one below a root`);
}

/** The folder of a path; "" at the top. */
export function parentPath(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash < 0 ? "" : path.slice(0, slash);
}
