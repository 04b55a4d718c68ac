import { InputError } from "@slipway/oci";
import { matchGlob } from "@slipway/ir/patterns";
import type { CopyAction } from "@slipway/ir";
import type { Lookup } from "../contracts.ts";
import { baseNameOf, bytesOfText, textOfBytes } from "../layer-index/byte-path.ts";
import type { BytePath } from "../layer-index/byte-path.ts";
import type { ReadableFilesystem } from "./pending-filesystem.ts";

/** Something that a copy action names. */
export interface CopySource {
  /** Last component of what was named, before symlinks were followed; "" for the root. In bytes. */
  readonly name: string;
  /** What is copied. */
  readonly found: Lookup;
}

/**
 * What `src` of a copy action names, sorted; wildcards expanded. Symlinks in folders above are followed within the
 * root, in the last component only with `followSymlink`.
 * @throws InputError `FILE_NOT_FOUND`
 */
export function findSources(source: ReadableFilesystem, action: CopyAction): readonly CopySource[] {
  const { allowWildcard, allowEmptyWildcard, followSymlink } = action;
  const src = bytesOfText(action.src);
  const paths = allowWildcard ? expandWildcards(source, src, followSymlink) : [src];
  if (paths.length === 0) {
    if (allowEmptyWildcard) return [];
    throw new InputError("FILE_NOT_FOUND", `nothing matches "${action.src}"`, {
      hint: "Check the pattern: * stands for any part of one name, not for slashes.",
      data: { path: action.src, pattern: true },
    });
  }
  checkRequired(source, action);
  return paths.map((path) => {
    const { found } = source.resolve(cleaned(path), { followLast: followSymlink });
    if (found === undefined) throw fileNotFound(source, path);
    return { name: baseNameOf(cleaned(path) as BytePath), found };
  });
}

/** Paths, in bytes, that a path with wildcards means, in sorted order; a path without any stands for itself. */
export function expandWildcards(
  source: ReadableFilesystem,
  path: string,
  followSymlink: boolean,
): readonly string[] {
  const parts = cleaned(path).split("/");
  const firstWild = parts.findIndex(containsWildcard);
  if (firstWild < 0) return [cleaned(path)];
  const fixed = parts.slice(0, firstWild).join("/");
  const start = source.resolve(fixed, { followLast: followSymlink });
  if (start.found === undefined) throw fileNotFound(source, fixed);
  let folders: readonly string[] = [start.path];
  for (const [i, pattern] of parts.slice(firstWild).entries()) {
    const isLast = firstWild + i === parts.length - 1;
    const next: string[] = [];
    for (const folder of folders) {
      // Links to folders are names like others here; a wildcard does not go through them.
      for (const { entry } of source.list(folder as BytePath) ?? []) {
        if ((isLast || entry.kind === "dir") && matchGlob(pattern, baseNameOf(entry.path)))
          next.push(entry.path);
      }
    }
    folders = next;
  }
  return folders;
}

/** The error for a path that is not there; looks for what was probably meant. */
export function fileNotFound(source: ReadableFilesystem, path: string): InputError<"FILE_NOT_FOUND"> {
  const wanted = cleaned(path);
  const meant = nearMiss(source, wanted);
  const isAddress = /^[a-z][a-z0-9+.-]+:\/./i.test(wanted);
  return new InputError("FILE_NOT_FOUND", `"/${textOfBytes(wanted)}" not found`, {
    hint:
      meant === undefined
        ? isAddress
          ? "It was taken for a path: ADD fetches http://, https:// and git repositories, COPY nothing."
          : "Check the path; upper and lower case differ."
        : `Did you mean "/${textOfBytes(meant)}"?`,
    data: {
      path: `/${textOfBytes(wanted)}`,
      ...(meant === undefined ? {} : { near: `/${textOfBytes(meant)}` }),
    },
  });
}

/** An entry that has the wanted name but for case, or but for one or two letters. */
function nearMiss(source: ReadableFilesystem, wanted: string): string | undefined {
  const parts = wanted.split("/");
  let at = "";
  for (const [i, part] of parts.entries()) {
    const children = source.list(at as BytePath) ?? [];
    const names = children.map(({ entry }) => baseNameOf(entry.path));
    const exact = names.includes(part) ? part : undefined;
    const name =
      exact ??
      names.find((candidate) => candidate.toLowerCase() === part.toLowerCase()) ??
      names.find((candidate) => part.length > 3 && isOneEditAway(candidate, part));
    if (name === undefined) return undefined;
    at = at === "" ? name : `${at}/${name}`;
    if (i === parts.length - 1) return at === wanted ? undefined : at;
  }
  return undefined;
}

/** One letter more, fewer, other, or two swapped. */
function isOneEditAway(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > 1) return false;
  let start = 0;
  while (start < a.length && a[start] === b[start]) start++;
  let endA = a.length;
  let endB = b.length;
  while (endA > start && endB > start && a[endA - 1] === b[endB - 1]) {
    endA--;
    endB--;
  }
  const [restA, restB] = [a.slice(start, endA), b.slice(start, endB)];
  const isSwap = restA.length === 2 && restB.length === 2 && restA[0] === restB[1] && restA[1] === restB[0];
  return isSwap || (restA.length <= 1 && restB.length <= 1);
}

/** Required paths are named from the root; links are followed in `src` alone, as the search below it does. */
function checkRequired(source: ReadableFilesystem, action: CopyAction): void {
  if (action.requiredPaths.length === 0) return;
  const src = cleaned(bytesOfText(action.src));
  const start = source.resolve(src, { followLast: action.followSymlink }).path;
  for (const required of action.requiredPaths) {
    const path = cleaned(bytesOfText(required));
    const below = src === "" ? `/${path}` : path.startsWith(`${src}/`) ? path.slice(src.length) : undefined;
    const at = below === undefined ? path : cleaned(start + below);
    if (source.lstat(at as BytePath) === undefined)
      throw throughLink(source, at) ?? fileNotFound(source, path);
  }
}

/** The error for a path that is there only for those who follow symlinks. */
function throughLink(source: ReadableFilesystem, path: string): InputError | undefined {
  const real = source.resolve(path, { followLast: false });
  if (real.found === undefined) return undefined;
  return new InputError(
    "FILE_NOT_FOUND",
    `"/${textOfBytes(path)}" is reached through a symbolic link alone`,
    {
      hint: `Folders that are kept must be named as they are: /${textOfBytes(real.path)}.`,
      data: { path: `/${textOfBytes(path)}`, real: `/${textOfBytes(real.path)}` },
    },
  );
}

/** A path without empty, `.` and `..` components, which stay in the root. */
export function cleaned(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part === "..") parts.pop();
    else parts.push(part);
  }
  return parts.join("/");
}

function containsWildcard(part: string): boolean {
  for (let i = 0; i < part.length; i++) {
    if (part[i] === "\\") i++;
    else if (part[i] === "*" || part[i] === "?" || part[i] === "[") return true;
  }
  return false;
}
