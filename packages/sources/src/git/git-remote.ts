import { InputError } from "@slipway/oci";

/** Where a repository is. */
export interface GitRemote {
  /** What git is given: without credentials. */
  readonly url: string;
  readonly protocol: "http" | "https" | "ssh" | "git" | "file";
  /** With `:port` when the URL has one. */
  readonly host: string;
  /** `scheme://host[:port]/`, for which alone credentials are meant; http and https only. */
  readonly origin?: string;
  /** `user:password` of the URL, decoded; http and https only. */
  readonly userInfo?: string;
}

const SCP_STYLE =
  /^(?<user>[A-Za-z0-9_][\w.+-]*)@(?<host>[A-Za-z0-9][\w.-]*|\[[\da-fA-F:.]+\]):(?!\/\/)(?<path>[^-].*)$/;

/**
 * Reads the address of a repository: a URL, or `user@host:path`.
 * @throws InputError `GIT_URL_INVALID`, `GIT_PROTOCOL_REFUSED` for those that could run programs (`ext::…`) or read files of this machine
 */
export function readRemote(text: string, options: { readonly allowFiles: boolean }): GitRemote {
  if (/[\x00-\x20\x7f]/.test(text) || text.startsWith("-")) throw invalid(text);
  const scp = text.includes("://") ? null : SCP_STYLE.exec(text)?.groups;
  if (scp) return { url: text, protocol: "ssh", host: scp["host"]! };
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(text)?.[1]?.toLowerCase();
  if (scheme !== undefined && !isProtocol(scheme, options.allowFiles)) throw refused(scheme);
  const url = /^[a-z]+:\/\//i.test(text) ? URL.parse(text) : null;
  if (url === null || scheme === undefined) throw invalid(text);
  if (scheme === "file") return { url: url.href, protocol: "file", host: "" };
  // A host that begins with a dash would be an option of ssh.
  if (!/^[A-Za-z0-9[]/.test(url.hostname) || /^-/.test(decodeURIComponent(url.username))) throw invalid(text);
  const plain = new URL(url);
  plain.hash = "";
  if (scheme !== "http" && scheme !== "https") {
    plain.password = "";
    return { url: plain.href, protocol: scheme as GitRemote["protocol"], host: url.host };
  }
  plain.username = "";
  plain.password = "";
  const userInfo =
    url.username === "" && url.password === ""
      ? undefined
      : `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  return {
    url: plain.href,
    protocol: scheme as GitRemote["protocol"],
    host: url.host,
    origin: `${url.origin}/`,
    ...(userInfo === undefined ? {} : { userInfo }),
  };
}

function isProtocol(scheme: string, allowFiles: boolean): boolean {
  return ["http", "https", "ssh", "git"].includes(scheme) || (allowFiles && scheme === "file");
}

function invalid(text: string): InputError {
  // What can't be read may hold credentials anywhere.
  const shown = text.replace(/\/\/[^/]*@/, "//").slice(0, 200);
  return new InputError("GIT_URL_INVALID", `"${shown}" is no address of a git repository`, {
    hint: "Write https://host/path.git, ssh://user@host/path.git or user@host:path.git.",
  });
}

function refused(scheme: string): InputError {
  return new InputError("GIT_PROTOCOL_REFUSED", `git repositories are not fetched by "${scheme}:"`, {
    data: { scheme },
    hint: "Use https, ssh, http or git; a repository on this machine can be lent with --build-context name=FOLDER.",
  });
}
