import { InputError } from "@slipway/oci";
import { textOfBytes, type BytePath } from "../layer-index/byte-path.ts";
import type { Lookup } from "../contracts.ts";

const MOST_LINKS = 255;

/**
 * The one resolver: follows symlinks in every component (in the last one unless told not to). `..` at the root stays
 * there and absolute targets start from it, so the result never leaves the root. Components that are not there are
 * taken as they are written. `path` and the result are bytes.
 * @throws InputError `SYMLINK_LOOP` after 255 links, `NOT_A_DIRECTORY` when a component in the middle is a file.
 */
export function resolvePath(
  path: string,
  lstat: (path: BytePath) => Lookup | undefined,
  options: { readonly followLast: boolean },
): { path: BytePath; found: Lookup | undefined } {
  const pending = componentsOf(path).reverse();
  // With a trailing slash the last component must be a folder, so a link there is followed.
  const followLast = options.followLast || path.endsWith("/");
  const done: string[] = [];
  let links = 0;
  let found = lstat("" as BytePath);
  while (pending.length > 0) {
    const name = pending.pop()!;
    if (name === "..") {
      if (found !== undefined && found.entry.kind !== "dir") throw notADirectory(done.join("/"), path);
      done.pop();
      found = lstat(done.join("/") as BytePath);
      continue;
    }
    if (found !== undefined && found.entry.kind !== "dir") throw notADirectory(done.join("/"), path);
    const parent = done.join("/");
    const next =
      found === undefined ? undefined : lstat((parent === "" ? name : `${parent}/${name}`) as BytePath);
    if (next?.entry.kind === "symlink" && (pending.length > 0 || followLast)) {
      if (++links > MOST_LINKS) {
        throw new InputError("SYMLINK_LOOP", `too many symlinks in "${textOfBytes(path)}"`, {
          hint: "Look for links that point at each other.",
          data: { path: textOfBytes(path) },
        });
      }
      const { target } = next.entry;
      if (target.startsWith("/")) {
        done.length = 0;
        found = lstat("" as BytePath);
      }
      pending.push(...componentsOf(target).reverse());
      continue;
    }
    done.push(name);
    found = next;
  }
  return { path: done.join("/") as BytePath, found };
}

function componentsOf(path: string): string[] {
  return path.split("/").filter((name) => name !== "" && name !== ".");
}

function notADirectory(at: string, path: string): InputError<"NOT_A_DIRECTORY"> {
  return new InputError(
    "NOT_A_DIRECTORY",
    `"/${textOfBytes(at)}" is not a directory, in "${textOfBytes(path)}"`,
    {
      hint: "Check the path: only its last component may be a file.",
      data: { path: textOfBytes(path), at: textOfBytes(at) },
    },
  );
}
