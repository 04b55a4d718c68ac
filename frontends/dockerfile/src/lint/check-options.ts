import { InputError } from "@slipway/oci";
import type { DockerfileErrorCode } from "../problems.ts";
import type { DockerfileTree } from "../syntax/syntax-tree.ts";

/** What `# check=` says. */
export interface CheckOptions {
  readonly skip: ReadonlySet<string>;
  readonly skipAll: boolean;
  readonly experimental: ReadonlySet<string>;
  readonly experimentalAll: boolean;
  /** Findings fail the build. */
  readonly error: boolean;
}

/** Where the file says nothing. */
export const NO_CHECK_OPTIONS: CheckOptions = {
  skip: new Set(),
  skipAll: false,
  experimental: new Set(),
  experimentalAll: false,
  error: false,
};

/** The words of Go's strconv.ParseBool. */
const BOOLEANS = new Map<string, boolean>([
  ...["1", "t", "T", "TRUE", "true", "True"].map((word) => [word, true] as const),
  ...["0", "f", "F", "FALSE", "false", "False"].map((word) => [word, false] as const),
]);

/**
 * Reads `skip=A,B;error=true;experimental=all`. The last of equal keys counts; keys and names are as they are written.
 * @returns the options, or what is wrong with the text
 * @see Dockerfile reference, "check"
 */
export function parseCheckOptions(text: string): CheckOptions | string {
  let options = NO_CHECK_OPTIONS;
  for (const part of text.split(";")) {
    const [key = "", ...rest] = part.split("=");
    if (rest.length === 0) return `"${part}" is not an option of check`;
    const value = rest.join("=");
    if (key === "error") {
      const error = BOOLEANS.get(value);
      if (error === undefined) return `error is true or false, not "${value}"`;
      options = { ...options, error };
    } else if (key === "skip" || key === "experimental") {
      const names = value.split(",").map((name) => name.trim());
      const isAll = value === "all";
      options =
        key === "skip"
          ? { ...options, skip: new Set(names), skipAll: isAll }
          : { ...options, experimental: new Set(names), experimentalAll: isAll };
    } else return `"${key}" is not an option of check`;
  }
  return options;
}

/** The value of a `check` directive up to the first white space: builders read no further. */
export function directiveValue(value: string): string {
  return /^\S*/.exec(value)![0];
}

const HINT = "Write for example # check=skip=StageNameCasing,FromAsCasing;error=true";

/**
 * The options that hold for a whole file: those of the build argument BUILDKIT_DOCKERFILE_CHECK, else of its directive.
 * @throws InputError `DIRECTIVE_INVALID`
 */
export function fileCheckOptions(tree: DockerfileTree, buildArg: string | undefined): CheckOptions {
  if (buildArg !== undefined) {
    if (buildArg === "") return NO_CHECK_OPTIONS;
    const options = parseCheckOptions(buildArg);
    if (typeof options !== "string") return options;
    throw new InputError<DockerfileErrorCode>(
      "DIRECTIVE_INVALID",
      `BUILDKIT_DOCKERFILE_CHECK cannot be "${buildArg}": ${options}`,
      { hint: "Write for example skip=StageNameCasing,FromAsCasing;error=true" },
    );
  }
  const directive = tree.directives.find(({ name }) => name === "check");
  if (directive === undefined) return NO_CHECK_OPTIONS;
  const options = parseCheckOptions(directiveValue(directive.value));
  if (typeof options !== "string") return options;
  throw new InputError<DockerfileErrorCode>("DIRECTIVE_INVALID", `the check directive is wrong: ${options}`, {
    hint: HINT,
    location: tree.source.locate(directive.span),
  });
}
