import { formatImageReference, parseImageReference, type Digest, type Platform } from "@slipway/oci";
import { requiredCaps } from "../capabilities.ts";
import type { SourceOp } from "../op.ts";
import { cleanPath } from "../posix-path.ts";
import { jsonList } from "./json-list.ts";
import { State } from "./state.ts";
import { newStep, type StepOptions } from "./step.ts";

interface SourceOptions extends StepOptions {
  /** More attributes under their wire names; they win over what the other options set. */
  readonly attrs?: Readonly<Record<string, string>>;
}

export interface ImageOptions extends SourceOptions {
  /** Absent: the default platform that `toDefinition` is given. */
  readonly platform?: Platform;
  /** Default: use what is there, else pull. */
  readonly resolveMode?: "default" | "pull" | "local";
  readonly recordType?: string;
  readonly layerLimit?: number;
  /** The manifest's digest, to be checked. */
  readonly checksum?: Digest;
}

/**
 * An image of a registry. The name is completed as Docker does, `latest` included.
 * @throws InputError `REFERENCE_INVALID`
 */
export function image(ref: string, options: ImageOptions = {}): State {
  const parsed = parseImageReference(ref);
  const complete = parsed.tag || parsed.digest ? parsed : { ...parsed, tag: "latest" };
  const attrs = compact({
    "image.resolvemode": options.resolveMode === "default" ? undefined : options.resolveMode,
    "image.recordtype": options.recordType,
    "image.layerlimit": options.layerLimit?.toString(),
    "image.checksum": options.checksum,
  });
  return source(`docker-image://${formatImageReference(complete)}`, { attrs, options });
}

export interface LocalOptions extends SourceOptions {
  /** What to send, in the syntax of `.dockerignore`; all when absent. */
  readonly includePatterns?: readonly string[];
  readonly excludePatterns?: readonly string[];
  /** Send only these paths and what their symlinks lead to. */
  readonly followPaths?: readonly string[];
  /** Sources with the same hint share what was sent before. */
  readonly sharedKeyHint?: string;
  /** Keeps apart folders of one name that come from different clients. */
  readonly uniqueId?: string;
  readonly sessionId?: string;
  readonly differ?: "none" | "metadata";
}

/** A folder of the client. */
export function local(name: string, options: LocalOptions = {}): State {
  const { includePatterns, excludePatterns, followPaths, sharedKeyHint, uniqueId, sessionId, differ } =
    options;
  const attrs = compact({
    "local.session": sessionId,
    "local.unique": uniqueId,
    "local.includepattern": jsonList(includePatterns),
    "local.excludepatterns": jsonList(excludePatterns),
    "local.followpaths": jsonList(followPaths),
    "local.sharedkeyhint": sharedKeyHint,
    "local.differ": differ,
  });
  return source(`local://${name}`, { attrs, options });
}

export interface GitOptions extends SourceOptions {
  /** Branch, tag or commit. */
  readonly ref?: string;
  readonly subdir?: string;
  readonly keepGitDir?: boolean;
  /** The commit that `ref` must be, or the beginning of its hash. */
  readonly checksum?: string;
  readonly skipSubmodules?: boolean;
  /** Names of the secrets for HTTP. Default: GIT_AUTH_HEADER and GIT_AUTH_TOKEN. */
  readonly authHeaderSecret?: string;
  readonly authTokenSecret?: string;
  readonly knownSshHosts?: string;
  /** Id of the agent for SSH. Default: `default`. */
  readonly mountSshSock?: string;
}

const SCP_STYLE = /^(?:[^@/:]+@)?(?<host>[^/:]+):(?!\/\/)(?<path>.*)$/;
const WITH_SCHEME = /^(?<scheme>[a-z][a-z0-9+.-]*):\/\/(?:[^@/]*@)?(?<host>[^/?#]+)(?<path>[^?#]*)/i;

/** A git repository, by an http(s), ssh, git or `user@host:path` address; no scheme means https. */
export function git(url: string, options: GitOptions = {}): State {
  const scp = url.includes("://") ? null : SCP_STYLE.exec(url);
  const remote = scp || url.includes("://") ? url : `https://${url}`;
  const parsed = scp ?? WITH_SCHEME.exec(remote);
  const { host = "", path = "" } = parsed?.groups ?? {};
  const subdir = options.subdir ? cleanPath(`/${options.subdir}`).slice(1) : "";
  const fragment = options.ref || subdir ? `#${options.ref ?? ""}${subdir ? `:${subdir}` : ""}` : "";
  const isSsh = scp !== null || parsed?.groups?.["scheme"] === "ssh";
  const attrs = compact({
    "git.keepgitdir": options.keepGitDir ? "true" : undefined,
    "git.fullurl": remote,
    "git.authheadersecret": options.authHeaderSecret ?? "GIT_AUTH_HEADER",
    "git.authtokensecret": options.authTokenSecret ?? "GIT_AUTH_TOKEN",
    "git.knownsshhosts": isSsh ? options.knownSshHosts : undefined,
    "git.mountsshsock": isSsh ? (options.mountSshSock ?? "default") : undefined,
    "git.checksum": options.checksum,
    "git.skipsubmodules": options.skipSubmodules ? "true" : undefined,
  });
  return source(`git://${host}${cleanPath(`/${path}`)}${fragment}`, { attrs, options });
}

export interface HttpOptions extends SourceOptions {
  readonly checksum?: Digest;
  /** Name of the file. Default: the last part of the address. */
  readonly filename?: string;
  /** Permission bits. Default: 0o600. */
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly authHeaderSecret?: string;
}

/** A file by http or https, as a filesystem that holds it alone. */
export function http(url: string, options: HttpOptions = {}): State {
  const attrs = compact({
    "http.checksum": options.checksum,
    "http.filename": options.filename,
    "http.perm": options.mode === undefined ? undefined : `0${(options.mode & 0o777).toString(8)}`,
    "http.uid": options.uid ? String(options.uid) : undefined,
    "http.gid": options.gid ? String(options.gid) : undefined,
    "http.authheadersecret": options.authHeaderSecret,
  });
  return source(url, { attrs, options });
}

export interface OciLayoutOptions extends SourceOptions {
  readonly platform?: Platform;
  readonly sessionId?: string;
  readonly storeId?: string;
  readonly layerLimit?: number;
}

/** An image of an OCI layout folder that the client lends. `ref` is `name@sha256:…`. */
export function ociLayout(ref: string, options: OciLayoutOptions = {}): State {
  const attrs = compact({
    "oci.session": options.sessionId,
    "oci.store": options.storeId,
    "oci.layerlimit": options.layerLimit?.toString(),
  });
  return source(`oci-layout://${ref}`, { attrs, options });
}

/** An empty filesystem. */
export function scratch(): State {
  return new State(null);
}

function source(
  identifier: string,
  init: {
    attrs: Readonly<Record<string, string>>;
    options: SourceOptions & { readonly platform?: Platform };
  },
): State {
  const { options } = init;
  // Other sources give the same on every platform.
  const isPlatformSpecific =
    identifier.startsWith("docker-image://") || identifier.startsWith("oci-layout://");
  const op: SourceOp = { kind: "source", identifier, attrs: { ...init.attrs, ...options.attrs } };
  const step = newStep(
    {
      op,
      inputs: [],
      platform: isPlatformSpecific ? (options.platform ?? "default") : null,
      caps: requiredCaps(op),
    },
    options,
  );
  return new State({ step, index: 0 }, options.platform ? { platform: options.platform } : {});
}

function compact(attrs: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(attrs).filter(
      (entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== "",
    ),
  );
}
