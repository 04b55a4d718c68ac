import { formatPlatform, normalizePlatform, parsePlatform, type Platform } from "@slipway/oci";
import type { Field } from "./fields.ts";

/** Where an annotation goes: into the manifest, the index, or the descriptor that names one of them. */
export type AnnotationLevel = "manifest" | "index" | "manifest-descriptor" | "index-descriptor";

export interface Annotation {
  readonly level: AnnotationLevel;
  /** Canonical form; absent for all platforms. */
  readonly platform?: string;
  readonly key: string;
  readonly value: string;
}

const NAME = /^annotation(?:-(manifest-descriptor|index-descriptor|manifest|index))?(?:\[([^\]]+)\])?\.(.+)$/;

/**
 * `annotation.KEY`, `annotation-LEVEL.KEY` and `annotation-LEVEL[PLATFORM].KEY`; without a level, the manifest's.
 * @see BuildKit, docs/annotations.md
 */
export const annotations: Field<readonly Annotation[]> = {
  label: "annotation[-manifest|-index|-manifest-descriptor|-index-descriptor].KEY",
  accepts: (name) => NAME.test(name),
  read: (given) =>
    given.map(([name, value]) => {
      const [, level = "manifest", platform, key = ""] = NAME.exec(name) ?? [];
      if (platform !== undefined && level.startsWith("index"))
        throw new Error("an index is for all platforms: leave out the one in brackets");
      return {
        level: level as AnnotationLevel,
        ...(platform === undefined ? {} : { platform: formatPlatform(parsePlatform(platform)) }),
        key,
        value,
      };
    }),
};

/** The annotations of one level and platform, sorted by key; undefined when there are none. */
export function selectAnnotations(
  all: readonly Annotation[],
  level: AnnotationLevel,
  platform?: Platform,
): Readonly<Record<string, string>> | undefined {
  const wanted = platform && formatPlatform(normalizePlatform(platform));
  const selected = all.filter(
    (one) => one.level === level && (one.platform === undefined || one.platform === wanted),
  );
  if (selected.length === 0) return undefined;
  // What is said of one platform is stronger than what is said of all.
  selected.sort((a, b) => Number(a.platform !== undefined) - Number(b.platform !== undefined));
  const byKey = new Map(selected.map(({ key, value }) => [key, value]));
  return Object.fromEntries([...byKey].sort(([a], [b]) => (a < b ? -1 : 1)));
}
