import { UsageError } from "../usage-error.ts";

const LEVELS = new Set(["manifest", "index", "manifest-descriptor", "index-descriptor"]);

/**
 * `--annotation [LEVEL[,LEVEL…]:]KEY=VALUE` as attributes of the exporters of images. A level is `manifest` (the
 * default), `index`, `manifest-descriptor` or `index-descriptor`, with `[PLATFORM]` behind it to mean that one only.
 * @see BuildKit, exporter attributes `annotation[-LEVEL][[PLATFORM]].KEY`
 * @throws UsageError
 */
export function annotationAttrs(annotations: readonly string[]): Record<string, string> {
  const attrs: Record<string, string> = {};
  for (const text of annotations) {
    const equals = text.indexOf("=");
    if (equals <= 0) throw new UsageError(`--annotation "${text}" is not of the form key=value`);
    const left = text.slice(0, equals);
    // Keys may hold colons; only known levels in front of the first one are levels.
    const match = /^((?:[a-z-]+(?:\[[A-Za-z0-9_/.-]+\])?,?)+):(.+)$/.exec(left);
    const levels = match?.[1]?.split(",") ?? [];
    const names = levels.map((level) => /^([a-z-]+)(\[.*\])?$/.exec(level));
    if (match && names.every((name) => name !== null && LEVELS.has(name[1] ?? ""))) {
      for (const level of levels) attrs[`annotation-${level}.${match[2] ?? ""}`] = text.slice(equals + 1);
    } else {
      attrs[`annotation.${left}`] = text.slice(equals + 1);
    }
  }
  return attrs;
}
