// What Go's encoding/json escapes and JSON.stringify does not: attributes are part of digests.
const ESCAPED_BY_GO = /[<>&\u2028\u2029]/g;

/**
 * A list as attributes of sources hold it, to the byte as BuildKit writes it; undefined when there is nothing in it.
 * @see Go, encoding/json, HTMLEscape
 */
export function jsonList(list: readonly string[] | undefined): string | undefined {
  if (list === undefined || list.length === 0) return undefined;
  const escape = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  return JSON.stringify(list).replaceAll(ESCAPED_BY_GO, escape);
}
