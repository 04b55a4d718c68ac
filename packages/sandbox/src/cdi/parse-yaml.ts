import { parse } from "yaml";

/**
 * The one document of a YAML 1.1 file: what writes descriptions of devices means `0660` to be octal.
 * @throws Error when the text is not YAML, has a key twice, several documents, or aliases that grow without bounds
 */
export function parseYaml(text: string): unknown {
  return parse(text, { version: "1.1", maxAliasCount: 100, logLevel: "error" }) as unknown;
}
