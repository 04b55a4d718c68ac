import type { BytePath } from "../layer-index/byte-path.ts";
import { archiveError } from "./archive-error.ts";

const NAME_MAX_BYTES = 255;

/**
 * The place below the root that a name in an archive means: leading slashes, `.` and doubled slashes dropped, `..`
 * taken back, at the root nowhere, as in a chroot. "" is the root itself.
 * @throws InputError `ARCHIVE_PATH_TOO_LONG`
 */
export function entryPath(name: string, maxBytes: number): BytePath {
  if (name.length > 4 * maxBytes) throw archiveError("ARCHIVE_PATH_TOO_LONG", "the path is too long", name);
  const isClean = !/(^|\/)(\.{0,2})(\/|$)/.test(name);
  let path = name;
  if (!isClean) {
    const parts: string[] = [];
    for (const part of name.split("/")) {
      if (part === "" || part === ".") continue;
      if (part === "..") parts.pop();
      else parts.push(part);
    }
    path = parts.join("/");
  }
  if (path.length > maxBytes) throw archiveError("ARCHIVE_PATH_TOO_LONG", "the path is too long", name);
  for (let start = 0; start <= path.length;) {
    const slash = path.indexOf("/", start);
    const end = slash < 0 ? path.length : slash;
    if (end - start > NAME_MAX_BYTES)
      throw archiveError("ARCHIVE_PATH_TOO_LONG", "a name in the path is too long", name);
    start = end + 1;
  }
  return path as BytePath;
}
