/** The name of a download of which nothing tells a better one. */
const FALLBACK = "download";

/** The file name that a `Content-Disposition` header proposes, without folders; undefined when it has none that can be used. */
export function dispositionName(header: string | undefined): string | undefined {
  if (header === undefined) return undefined;
  const parameters = parametersOf(header);
  const extended = parameters.get("filename*");
  const decoded = extended === undefined ? undefined : decodeExtended(extended);
  return usable(decoded) ?? usable(parameters.get("filename"));
}

/** The name that a URL's path ends with, decoded. */
export function urlName(url: URL): string {
  const last = url.pathname.replace(/\/+$/, "").split("/").at(-1) ?? "";
  let decoded = last;
  try {
    decoded = decodeURIComponent(last);
  } catch {
    // Bytes that are no UTF-8: the name stays as it is written.
  }
  return usable(decoded) ?? FALLBACK;
}

function usable(name: string | undefined): string | undefined {
  const base = name?.replace(/\/+$/, "").split("/").at(-1) ?? "";
  return base === "" || base === "." || base === ".." || base.includes("\0") || Buffer.byteLength(base) > 255
    ? undefined
    : base;
}

/** `attachment; filename="a b"; x=y` as names in lower case and values. @see RFC 6266 */
function parametersOf(header: string): Map<string, string> {
  const found = new Map<string, string>();
  const parameter = /;\s*([\w!#$&+^`|~-]+\*?)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]+))/g;
  // Values of headers are latin1 in Node; what servers send is mostly UTF-8.
  for (const [, name = "", quoted, token] of `;${header.replace(/^[^;]*;?/, "")}`.matchAll(parameter)) {
    const value = quoted?.replace(/\\(.)/g, "$1") ?? token ?? "";
    const key = name.toLowerCase();
    if (!found.has(key)) found.set(key, Buffer.from(value, "latin1").toString("utf8"));
  }
  return found;
}

/** `UTF-8''na%C3%AFve` @see RFC 8187 */
function decodeExtended(value: string): string | undefined {
  const match = /^utf-8'[^']*'(.*)$/i.exec(value);
  try {
    return match ? decodeURIComponent(match[1]!) : undefined;
  } catch {
    return undefined;
  }
}
