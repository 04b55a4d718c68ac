import type { SourceLocation } from "@slipway/oci";

/** Lines of the build file, as BuildKit's answers say it: one range for each line. @see pb.Location */
export interface AnswerLocation {
  readonly ranges: readonly {
    readonly start: { readonly line: number };
    readonly end: { readonly line: number };
  }[];
}

/** A parameter of a target: a build argument that it or what it needs looks at. */
export interface OutlineArg {
  readonly name: string;
  readonly description?: string;
  /** The value that the build would have, expanded; absent when it is empty or there is none. */
  readonly value?: string;
  readonly location: AnswerLocation;
}

/** A secret or an ssh agent that a target's steps mount. */
export interface OutlineCredential {
  readonly name: string;
  readonly required?: true;
  readonly location: AnswerLocation;
}

/** A cache that a target's steps mount. */
export interface OutlineCache {
  readonly ID: string;
  readonly location: AnswerLocation;
}

/**
 * What a target can be told from outside, in the order of the file; lists that would be empty are absent.
 * BuildKit has the same shape, but never fills `cache`.
 */
export interface Outline {
  readonly name?: string;
  readonly description?: string;
  readonly args?: readonly OutlineArg[];
  readonly secrets?: readonly OutlineCredential[];
  readonly ssh?: readonly OutlineCredential[];
  readonly cache?: readonly OutlineCache[];
  /** The build file, in base64. */
  readonly sources: readonly string[];
}

/** A stage that can be built. */
export interface Target {
  /** In lower case; absent for a stage without a name. */
  readonly name?: string;
  /** For the stage that is built when none is asked for. */
  readonly default?: true;
  readonly description?: string;
  /** As written, variables not expanded. */
  readonly base: string;
  /** As written. */
  readonly platform?: string;
  readonly location: AnswerLocation;
}

/** All stages of a file, in its order. */
export interface TargetList {
  readonly targets: readonly Target[];
  /** The build file, in base64. */
  readonly sources: readonly string[];
}

/** A place as answers have it. */
export function answerLocation({
  line,
  endLine = line,
}: Pick<SourceLocation, "line" | "endLine">): AnswerLocation {
  const ranges: AnswerLocation["ranges"][number][] = [];
  for (let at = line; at <= endLine; at++) ranges.push({ start: { line: at }, end: { line: at } });
  return { ranges };
}

const ESCAPED: Readonly<Record<string, string>> = {
  "<": "\\u003c",
  ">": "\\u003e",
  "&": "\\u0026",
  "\u2028": "\\u2028",
  "\u2029": "\\u2029",
};

/** JSON in the bytes that Go's `MarshalIndent` makes, so that answers can be compared with BuildKit's. */
export function answerJson(value: Outline | TargetList): string {
  return JSON.stringify(value, undefined, 2).replace(
    /[<>&\u2028\u2029]/g,
    (character) => ESCAPED[character]!,
  );
}
