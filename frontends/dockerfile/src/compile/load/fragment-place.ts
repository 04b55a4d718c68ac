import { problemError } from "../../problems.ts";
import { isGitReference, parseGitReference, type GitReference } from "../sources/git-reference.ts";
import { cleanPath, joinPath } from "../paths.ts";
import { shownAddress } from "../sources/shown-address.ts";

/** The longest fragment that is read, in bytes. */
export const MAX_FRAGMENT_BYTES = 1 << 20;

/** Where an INCLUDE says that its fragment is. Paths are clean and relative to the root of what they are in. */
export type FragmentPlace =
  /** In what the file with the INCLUDE is of. */
  | { readonly kind: "path"; readonly path: string }
  | { readonly kind: "git"; readonly reference: GitReference; readonly path: string }
  | { readonly kind: "image"; readonly name: string; readonly path: string };

/**
 * Reads the source of an INCLUDE.
 * @param folder where paths that begin with `./` or `../` begin; relative to the root
 * @throws InputError without a location: `INCLUDE_OUTSIDE`, `INCLUDE_INVALID`
 */
export function fragmentPlace(source: string, folder: string): FragmentPlace {
  const place = placeOf(source, folder);
  const path = cleanPath(place.path.replace(/^\/+/, ""));
  if (path === ".." || path.startsWith("../")) {
    throw problemError({
      code: "INCLUDE_OUTSIDE",
      message: `"${source}" leads out of where fragments may come from`,
      hint: "Paths stay in the build context, or in the repository or image that the fragment is from.",
    });
  }
  return { ...place, path };
}

function placeOf(source: string, folder: string): FragmentPlace {
  if (source.startsWith("docker-image://")) return imagePlace(source);
  if (isGitReference(source)) return gitPlace(source);
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(source)) {
    throw problemError({
      code: "INCLUDE_INVALID",
      message: `fragments cannot come from "${shownAddress(source)}"`,
      hint: "They are files of the build context, of a git repository (https://host/name.git#ref:path) or an image (docker-image://name//path).",
    });
  }
  return { kind: "path", path: /^\.\.?\//.test(source) ? joinPath(folder, source) : source };
}

function imagePlace(source: string): FragmentPlace {
  const match = /^docker-image:\/\/(.+?)\/\/(.+)$/.exec(source);
  if (match === null) {
    throw problemError({
      code: "INCLUDE_INVALID",
      message: `"${source}" does not say which file of which image`,
      hint: "Write docker-image://name//path.",
    });
  }
  const [, name = "", path = ""] = match;
  return { kind: "image", name, path };
}

function gitPlace(source: string): FragmentPlace {
  const reference = parseGitReference(source)!;
  if (reference.subdir === "") {
    throw problemError({
      code: "INCLUDE_INVALID",
      message: `"${shownAddress(source)}" does not say which file of the repository`,
      hint: "Write the path behind the name of the branch, tag or commit: https://host/name.git#v1:path.",
    });
  }
  return { kind: "git", reference, path: reference.subdir };
}
