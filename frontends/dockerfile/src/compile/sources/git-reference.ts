import { InputError } from "@slipway/oci";
import type { DockerfileErrorCode } from "../../problems.ts";
import { nearestName } from "../../did-you-mean.ts";
import { cleanPath } from "../paths.ts";

/** A git repository as a build file or a command line names it, and what of it is wanted. */
export interface GitReference {
  /** The address for git, without query and fragment: `https://host/path.git`, `git@host:path`. */
  readonly remote: string;
  /** Host and port. */
  readonly host: string;
  /** Absolute, clean, percent signs decoded. */
  readonly path: string;
  /** Branch, tag, full name (`refs/tags/v1`) or commit; empty for the default branch. */
  readonly ref: string;
  /** Clean and relative; empty for all of it. */
  readonly subdir: string;
  /** The commit that `ref` must be, or the beginning of its hash; empty for any. */
  readonly checksum: string;
  /** Absent when the reference does not say. */
  readonly keepGitDir?: boolean;
  readonly submodules?: boolean;
  /** Which time files get: of the check-out, or of the commit. */
  readonly mtime?: "checkout" | "commit";
  /** Fetches the commit of `checksum` rather than `ref`. */
  readonly fetchByCommit?: boolean;
  /** Needs an ssh agent. */
  readonly isSsh: boolean;
}

/** A source op's identifier and attributes, and the LLB capabilities that they need. */
export interface SourceDescription {
  readonly identifier: string;
  readonly attrs: Readonly<Record<string, string>>;
  readonly caps: readonly string[];
}

const SCP_STYLE = /^[\w.-]+@(?<host>[\w.-]+):(?!\/\/)(?<path>[^?#]*)/;
const WITH_SCHEME =
  /^(?<scheme>git|ssh|https?):\/\/(?:[^@/?#]*@)?(?<host>[^/?#@]*)(?<path>[^?#]*)(?:\?(?<query>[^#]*))?/i;
const KEYS = [
  "ref",
  "tag",
  "branch",
  "subdir",
  "checksum",
  "commit",
  "keep-git-dir",
  "submodules",
  "mtime",
  "fetch-by-commit",
];

/**
 * True for what is a git repository: `git://…`, `ssh://…`, `user@host:path`, and http(s) addresses whose path ends in
 * `.git`. With `shorthand` also `github.com/owner/name`, which stands for https; it would be a path in a build file.
 * @see Docker documentation, "Git repositories" as build contexts
 */
export function isGitReference(text: string, options: { readonly shorthand?: boolean } = {}): boolean {
  if (options.shorthand && /^github\.com\/./.test(text)) return true;
  const match = WITH_SCHEME.exec(text);
  if (match === null) return SCP_STYLE.test(text);
  const { scheme = "", path = "" } = match.groups ?? {};
  return /^(?:git|ssh)$/i.test(scheme) || path.endsWith(".git");
}

/** True for an http(s) address; that of a git repository, too. */
export function isHttpReference(text: string): boolean {
  return /^https?:\/\//i.test(text);
}

/**
 * Reads the address of a git repository in the old form `…#ref:subdir` or the newer `…?ref=…&subdir=…`.
 * @returns null when it is not one (`isGitReference`)
 * @throws InputError `GIT_REFERENCE_INVALID`, without a location
 * @see Docker documentation, "URL queries" of git contexts
 */
export function parseGitReference(
  text: string,
  options: { readonly shorthand?: boolean } = {},
): GitReference | null {
  if (!isGitReference(text, options)) return null;
  const complete = options.shorthand && /^github\.com\//.test(text) ? `https://${text}` : text;
  const hash = complete.indexOf("#");
  const beforeHash = hash < 0 ? complete : complete.slice(0, hash);
  const mark = beforeHash.indexOf("?");
  const remote = mark < 0 ? beforeHash : beforeHash.slice(0, mark);
  const url = WITH_SCHEME.exec(remote);
  const { scheme = "", host = "", path = "" } = (url ?? SCP_STYLE.exec(remote))?.groups ?? {};
  const decoded = (part: string): string => (url === null ? part : percentDecoded(part, text));
  const fragment = splitFragment(decoded(hash < 0 ? "" : complete.slice(hash + 1)));
  const query = readQuery(mark < 0 ? "" : beforeHash.slice(mark + 1), text);
  return {
    remote,
    host,
    path: cleanPath(`/${decoded(path)}`),
    isSsh: url === null || /^ssh$/i.test(scheme),
    ...merge(fragment, query, text),
  };
}

function splitFragment(fragment: string): { ref: string; subdir: string } {
  const colon = fragment.indexOf(":");
  return colon < 0
    ? { ref: fragment, subdir: "" }
    : { ref: fragment.slice(0, colon), subdir: relative(fragment.slice(colon + 1)) };
}

function relative(subdir: string): string {
  return cleanPath(`/${subdir}`).slice(1);
}

function fail(text: string, why: string, hint: string): never {
  throw new InputError<DockerfileErrorCode>(
    "GIT_REFERENCE_INVALID",
    `"${withoutPassword(text)}" does not name a git repository: ${why}`,
    { hint },
  );
}

function withoutPassword(text: string): string {
  return text.replace(/^(\w+:\/\/)[^@/?#]*@/, "$1***@");
}

function percentDecoded(part: string, text: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return fail(text, `"${part}" has a % that encodes nothing`, "Write %25 for a percent sign.");
  }
}

/** The values of a query, each name once; a name without `=` has the value undefined. */
function readQuery(query: string, text: string): ReadonlyMap<string, string | undefined> {
  const found = new Map<string, string | undefined>();
  for (const pair of query.split("&")) {
    if (pair === "") continue;
    const split = pair.indexOf("=");
    const part = (written: string): string => percentDecoded(written.replaceAll("+", " "), text);
    const key = part(split < 0 ? pair : pair.slice(0, split));
    const value = split < 0 ? undefined : part(pair.slice(split + 1));
    if (!KEYS.includes(key)) {
      const nearest = nearestName(key, KEYS);
      const hint = nearest === undefined ? `It takes ${KEYS.join(", ")}.` : `Did you mean ${nearest}?`;
      fail(text, `its query has no "${key}"`, hint);
    }
    if (found.has(key)) fail(text, `"${key}" is given twice`, "Remove one of them.");
    if (!value && !/^(?:keep-git-dir|submodules|fetch-by-commit)$/.test(key))
      fail(text, `"${key}" has no value`, `Write ${key}=value, or remove it.`);
    found.set(key, value);
  }
  return found;
}

/** Values that are given in two ways must agree. */
function agreed(
  text: string,
  values: readonly (readonly [name: string, value: string | undefined])[],
): string {
  const given = values.filter(([, value]) => value);
  for (const [name, value] of given.slice(1)) {
    const [first, expected] = given[0]!;
    if (value !== expected)
      fail(text, `${first} says "${expected}", ${name} says "${value}"`, "Keep one of the two.");
  }
  return given[0]?.[1] ?? "";
}

function bool(
  query: ReadonlyMap<string, string | undefined>,
  key: string,
  text: string,
): boolean | undefined {
  if (!query.has(key)) return undefined;
  const value = query.get(key);
  if (value === undefined || /^(?:1|t|T|true|True|TRUE)$/.test(value)) return true;
  if (/^(?:0|f|F|false|False|FALSE)$/.test(value)) return false;
  return fail(text, `${key} is "${value}"`, `${key} is true or false.`);
}

type Wanted = Omit<GitReference, "remote" | "host" | "path" | "isSsh">;

function merge(
  fragment: { readonly ref: string; readonly subdir: string },
  query: ReadonlyMap<string, string | undefined>,
  text: string,
): Wanted {
  const full = (key: string, prefix: string): string | undefined => {
    const value = query.get(key);
    return value === undefined || value.startsWith(prefix) ? value : prefix + value;
  };
  const ref = agreed(text, [
    ["the fragment", fragment.ref],
    ["ref", query.get("ref")],
    ["tag", full("tag", "refs/tags/")],
    ["branch", full("branch", "refs/heads/")],
  ]);
  const querySubdir = query.get("subdir");
  const subdir = agreed(text, [
    ["the fragment", fragment.subdir],
    ["subdir", querySubdir === undefined ? undefined : relative(querySubdir)],
  ]);
  const checksum = agreed(text, [
    ["checksum", query.get("checksum")],
    ["commit", query.get("commit")],
  ]);
  const mtime = query.get("mtime");
  if (mtime !== undefined && mtime !== "checkout" && mtime !== "commit")
    fail(text, `mtime is "${mtime}"`, "mtime is checkout or commit.");
  const keepGitDir = bool(query, "keep-git-dir", text);
  const submodules = bool(query, "submodules", text);
  const fetchByCommit = bool(query, "fetch-by-commit", text);
  return {
    ref,
    subdir,
    checksum,
    ...(mtime === undefined ? {} : { mtime }),
    ...(keepGitDir === undefined ? {} : { keepGitDir }),
    ...(submodules === undefined ? {} : { submodules }),
    ...(fetchByCommit === undefined ? {} : { fetchByCommit }),
  };
}

/**
 * The source op of a repository, as BuildKit writes it.
 * @param options what a flag says, for what the reference does not
 */
export function gitSource(
  reference: GitReference,
  options: { readonly keepGitDir?: boolean; readonly checksum?: string } = {},
): SourceDescription {
  const { host, path, ref, subdir, isSsh } = reference;
  const fragment = ref || subdir ? `#${ref}${subdir ? `:${subdir}` : ""}` : "";
  const checksum = reference.checksum || options.checksum || "";
  const attrs: Record<string, string> = {
    "git.fullurl": reference.remote,
    "git.authheadersecret": "GIT_AUTH_HEADER",
    "git.authtokensecret": "GIT_AUTH_TOKEN",
  };
  const caps = ["source.git", "source.git.fullurl"];
  const add = (name: string, value: string): void => {
    attrs[`git.${name}`] = value;
    caps.push(`source.git.${name}`);
  };
  if (isSsh) {
    caps.push("source.git.knownsshhosts");
    add("mountsshsock", "default");
  }
  if (reference.keepGitDir ?? options.keepGitDir ?? false) add("keepgitdir", "true");
  if (checksum !== "") add("checksum", checksum);
  if (reference.submodules === false) add("skipsubmodules", "true");
  if (reference.mtime !== undefined) add("mtime", reference.mtime);
  if (reference.fetchByCommit === true) add("fetchbycommit", "true");
  return { identifier: `git://${host}${path}${fragment}`, attrs, caps };
}
