import type { SourceOp } from "@slipway/ir";
import { InputError, parseDigest, type Digest } from "@slipway/oci";
import { refuseAttrs } from "../refuse-attrs.ts";

/** What a definition asks of an `http://` or `https://` source. */
export interface HttpRequestSpec {
  readonly url: URL;
  readonly checksum?: Digest;
  /** The name that the file must have; absent to take the server's or the URL's. */
  readonly filename?: string;
  /** Permission bits. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** The secret that holds the whole `Authorization` header; absent for those that are named after the host. */
  readonly authHeaderSecret?: string;
  /** Sent along; names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
}

const DEFAULT_MODE = 0o600;
/**
 * Headers that a definition may set. Others are dropped, as BuildKit does: they could make a request to a service of
 * the build's network into one that it obeys.
 */
const USER_HEADERS = new Set(["accept", "user-agent"]);

/**
 * Reads a source op.
 * @throws InputError `LLB_INVALID`, `URL_INVALID`, `SOURCE_UNSUPPORTED`
 * @see facts of BuildKit's wire, "Source identifiers and attrs"
 */
export function readHttpOp(op: SourceOp): HttpRequestSpec {
  const { attrs } = op;
  refuseAttrs(op, /^http\.sig\./);
  const checksum = attrs["http.checksum"];
  const filename = attrs["http.filename"];
  const authHeaderSecret = attrs["http.authheadersecret"];
  return {
    url: readUrl(op.identifier),
    ...(checksum ? { checksum: readChecksum(checksum) } : {}),
    ...(filename ? { filename: checkFileName(filename) } : {}),
    mode: attrs["http.perm"] ? readNumber("http.perm", attrs["http.perm"]) & 0o7777 : DEFAULT_MODE,
    uid: readNumber("http.uid", attrs["http.uid"] ?? "0"),
    gid: readNumber("http.gid", attrs["http.gid"] ?? "0"),
    ...(authHeaderSecret ? { authHeaderSecret } : {}),
    headers: userHeaders(attrs),
  };
}

function readUrl(text: string): URL {
  // `URL` takes blanks and backslashes where other clients don't: what is fetched must be what is read.
  const url = /^https?:\/\/[^/\s\\\x00-\x1f\x7f][^\s\\\x00-\x1f\x7f]*$/i.test(text) ? URL.parse(text) : null;
  if (url === null || url.hostname === "") {
    throw new InputError("URL_INVALID", `"${text.slice(0, 200)}" is no URL that can be downloaded`, {
      hint: "Write http:// or https://, a host and a path, with blanks as %20.",
    });
  }
  return url;
}

function readChecksum(text: string): Digest {
  try {
    return parseDigest(text);
  } catch (cause) {
    throw new InputError("CHECKSUM_INVALID", `"${text}" is no checksum`, {
      hint: "Write sha256: and 64 hexadecimal digits, as sha256sum prints them.",
      cause,
    });
  }
}

function checkFileName(name: string): string {
  if (name === "." || name === ".." || /[/\0]/.test(name)) {
    throw new InputError("LLB_INVALID", `http.filename "${name}" is no name of a file`, {
      hint: "The frontend made a definition that does not follow LLB: report it to its authors.",
    });
  }
  return name;
}

/** A number as Go writes them: octal after 0 or 0o, hexadecimal after 0x. */
function readNumber(attr: string, text: string): number {
  const octal = /^0o?([0-7]+)$/.exec(text)?.[1];
  const number =
    octal !== undefined ? Number.parseInt(octal, 8) : /^(?:\d+|0x[\da-f]+)$/i.test(text) ? Number(text) : NaN;
  if (Number.isInteger(number) && number <= 0xffff_ffff) return number;
  throw new InputError("LLB_INVALID", `${attr} is "${text}", which is no number`, {
    hint: "The frontend made a definition that does not follow LLB: report it to its authors.",
  });
}

function userHeaders(attrs: SourceOp["attrs"]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [attr, value] of Object.entries(attrs)) {
    if (!attr.startsWith("http.header.")) continue;
    const name = attr.slice("http.header.".length).toLowerCase();
    if (USER_HEADERS.has(name) && !/[\r\n\0]/.test(value)) headers[name] = value;
  }
  return headers;
}
