import type { SourceOp } from "@slipway/ir";
import { InputError } from "@slipway/oci";
import { refuseAttrs } from "../refuse-attrs.ts";
import { readRemote, type GitRemote } from "./git-remote.ts";

/** What a definition asks of a `git://` source. */
export interface GitRequestSpec {
  readonly remote: GitRemote;
  /** Branch, tag, full name of a ref, or a commit's hash; empty for the default branch. */
  readonly ref: string;
  /** Clean, without leading slash; empty for all. */
  readonly subdir: string;
  readonly keepGitDir: boolean;
  readonly skipSubmodules: boolean;
  /** What the commit's (or the annotated tag's) hash must begin with. */
  readonly checksum?: string;
  /** The checksum is the whole hash, and the commit is fetched by it, wherever `ref` is now. */
  readonly fetchByCommit: boolean;
  /** Times of files: that of the commit, or of their writing. */
  readonly mtime: "commit" | "checkout";
  /** Names of secrets; each is looked for with `.<host>` first. */
  readonly authTokenSecret: string;
  readonly authHeaderSecret: string;
  /** Lines of a known_hosts file. */
  readonly knownSshHosts?: string;
  readonly sshAgentId: string;
}

const COMMIT = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

export function isCommitHash(text: string): boolean {
  return COMMIT.test(text);
}

/**
 * Reads a source op.
 * @throws InputError `GIT_URL_INVALID`, `GIT_PROTOCOL_REFUSED`, `GIT_REF_INVALID`, `GIT_SUBDIR_INVALID`, `CHECKSUM_INVALID`,
 * `SOURCE_UNSUPPORTED`
 * @see facts of BuildKit's wire, "Source identifiers and attrs"
 */
export function readGitOp(op: SourceOp, options: { readonly allowFiles: boolean }): GitRequestSpec {
  const { attrs } = op;
  refuseAttrs(op, /^git\.(?:sig\.|bundle$|checkoutbundle$)/);
  const rest = op.identifier.slice("git://".length);
  const hash = rest.indexOf("#");
  const path = hash < 0 ? rest : rest.slice(0, hash);
  const fragment = hash < 0 ? "" : rest.slice(hash + 1);
  const colon = fragment.indexOf(":");
  const ref = checkRef(colon < 0 ? fragment : fragment.slice(0, colon));
  const subdir = checkSubdir(colon < 0 ? "" : fragment.slice(colon + 1));
  const checksum = checkChecksum(attrs["git.checksum"]);
  const fetchByCommit = isTrue(attrs["git.fetchbycommit"]);
  if (fetchByCommit && !isCommitHash(checksum ?? "")) {
    throw new InputError(
      "CHECKSUM_INVALID",
      "fetching by commit needs the whole hash of the commit as checksum",
      {
        hint: "Give all 40 digits: git rev-parse REF prints them.",
      },
    );
  }
  const knownSshHosts = attrs["git.knownsshhosts"];
  return {
    remote: readRemote(attrs["git.fullurl"] || `https://${path}`, options),
    ref,
    subdir,
    // The folder of the repository lies beside a subfolder, not in it.
    keepGitDir: isTrue(attrs["git.keepgitdir"]) && subdir === "",
    skipSubmodules: isTrue(attrs["git.skipsubmodules"]),
    ...(checksum === undefined ? {} : { checksum }),
    fetchByCommit,
    mtime: attrs["git.mtime"] === "checkout" ? "checkout" : "commit",
    authTokenSecret: attrs["git.authtokensecret"] ?? "GIT_AUTH_TOKEN",
    authHeaderSecret: attrs["git.authheadersecret"] ?? "GIT_AUTH_HEADER",
    ...(knownSshHosts ? { knownSshHosts } : {}),
    sshAgentId: attrs["git.mountsshsock"] || "default",
  };
}

function isTrue(text: string | undefined): boolean {
  return text === "true" || text === "1";
}

/** As `git check-ref-format` has it, so that no ref is taken for an option, a pattern or an expression. */
function checkRef(ref: string): string {
  const bad =
    ref.length > 1000 || /^[-/.]|[\x00-\x20\x7f~^:?*[\]\\]|\.\.|@\{|\/\/|\/\.|\.lock(?:\/|$)|[/.]$/.test(ref);
  if (!bad) return ref;
  throw new InputError(
    "GIT_REF_INVALID",
    `"${ref.slice(0, 200)}" is no name of a branch, a tag or a commit`,
    {
      hint: "Write it as REPOSITORY#branch, #tag or #commit; a subfolder comes after a colon.",
    },
  );
}

function checkSubdir(text: string): string {
  const parts = text.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..") || text.includes("\0")) {
    throw new InputError("GIT_SUBDIR_INVALID", `the subfolder "${text}" is not within the repository`, {
      hint: "Name a folder of the repository, without ..",
    });
  }
  return parts.join("/");
}

function checkChecksum(text: string | undefined): string | undefined {
  if (text === undefined || text === "") return undefined;
  const checksum = text.toLowerCase();
  if (/^[0-9a-f]{1,64}$/.test(checksum)) return checksum;
  throw new InputError("CHECKSUM_INVALID", `"${text}" is no hash of a commit, nor the beginning of one`, {
    hint: "git rev-parse REF prints it.",
  });
}
