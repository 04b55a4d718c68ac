/**
 * A path, or any file name, as bytes: every UTF-16 unit is one byte (latin1), because Linux names need not be UTF-8.
 * Comparing two such strings with `<` compares bytes. Relative to a root: no leading or trailing slash, no empty,
 * `.` or `..` component; the empty string is the root itself.
 */
export type BytePath = string & { readonly __brand: "BytePath" };

const ASCII = /^[\x00-\x7f]*$/;

/** Bytes of a text that people wrote, which is UTF-8. */
export function bytesOfText(text: string): string {
  return ASCII.test(text) ? text : Buffer.from(text, "utf8").toString("latin1");
}

/** Text for people; bytes that are not UTF-8 become U+FFFD. */
export function textOfBytes(bytes: string): string {
  return ASCII.test(bytes) ? bytes : Buffer.from(bytes, "latin1").toString("utf8");
}

/** What Node's `fs` must be given for a path of bytes. */
export function fsPath(bytes: string): string | Buffer {
  return ASCII.test(bytes) ? bytes : Buffer.from(bytes, "latin1");
}

/** Joins a root and a path below it; both are bytes. */
export function joinBytes(root: string, path: string): string {
  return path === "" ? root : root.endsWith("/") ? root + path : `${root}/${path}`;
}

/** The folder that holds `path`; "" for entries of the root. */
export function parentOf(path: BytePath): BytePath {
  const slash = path.lastIndexOf("/");
  return (slash < 0 ? "" : path.slice(0, slash)) as BytePath;
}

/** The last component. */
export function baseNameOf(path: BytePath): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
