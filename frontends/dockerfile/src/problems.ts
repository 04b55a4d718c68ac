import { InputError, type SourceLocation } from "@slipway/oci";

/** The stable codes of mistakes in a Dockerfile. */
export type DockerfileErrorCode =
  | "DOCKERFILE_EMPTY"
  | "DOCKERFILE_NOT_FOUND"
  | "DIRECTIVE_INVALID"
  | "HEREDOC_UNTERMINATED"
  | "INSTRUCTION_UNKNOWN"
  | "INSTRUCTION_ARGUMENTS"
  | "INSTRUCTION_BEFORE_FROM"
  | "FLAG_UNKNOWN"
  | "FLAG_VALUE"
  | "FLAG_DUPLICATE"
  | "FLAG_CONFLICT"
  | "JSON_NOT_STRINGS"
  | "STAGE_NAME_INVALID"
  | "STAGE_NOT_FOUND"
  | "STAGE_NOT_READY"
  | "STAGE_CIRCULAR"
  | "STAGE_NOT_SOURCE"
  | "BASE_NAME_EMPTY"
  | "PLATFORM_INVALID"
  | "REFERENCE_INVALID"
  | "GIT_REFERENCE_INVALID"
  | "EXPANSION_FAILED"
  | "MOUNT_INVALID"
  | "CHMOD_INVALID"
  | "CHOWN_INVALID"
  | "CHECKSUM_INVALID"
  | "HEREDOC_NAME"
  | "PATTERN_INVALID"
  | "PORT_INVALID"
  | "SIGNAL_INVALID"
  | "VOLUME_EMPTY"
  | "CONTEXT_INVALID"
  | "IGNORE_FILE_INVALID"
  | "INCLUDE_ARGUMENT"
  | "INCLUDE_CIRCULAR"
  | "INCLUDE_INVALID"
  | "INCLUDE_NOT_FOUND"
  | "INCLUDE_OUTSIDE"
  | "FILE_NOT_REGULAR"
  | "OPTION_INVALID"
  | "LINT_VIOLATION"
  | "TEXT_INVALID"
  | "NOT_SUPPORTED_YET";

/** One mistake, before it is thrown; plain data that survives JSON. */
export interface Problem {
  readonly code: DockerfileErrorCode;
  readonly message: string;
  readonly hint?: string;
  readonly location?: SourceLocation;
  /** A warning does not stop a build. Absent: an error. */
  readonly severity?: "error" | "warning";
  /** True for a mistake that stops a build only when the target needs its stage: compiling meets it again there. */
  readonly inNeededStages?: true;
}

/** Makes the error for one mistake. */
export function problemError(problem: Problem): InputError<DockerfileErrorCode> {
  return new InputError(problem.code, problem.message, {
    ...(problem.hint === undefined ? {} : { hint: problem.hint }),
    ...(problem.location === undefined ? {} : { location: problem.location }),
  });
}

function compareLocations(a: Problem, b: Problem): number {
  return (
    (a.location?.line ?? 0) - (b.location?.line ?? 0) || (a.location?.column ?? 0) - (b.location?.column ?? 0)
  );
}

/** The mistakes in the order of the file. */
export function sortProblems(problems: readonly Problem[]): readonly Problem[] {
  return [...problems].sort(compareLocations);
}

/**
 * Throws the first mistake in the order of the file, if there is one that stops a build whatever it needs. The others
 * travel in `data.others`. Warnings stay where they are.
 * @throws InputError
 */
export function throwProblems(problems: readonly Problem[]): void {
  const errors = sortProblems(problems.filter(({ severity }) => severity !== "warning"));
  const [first, ...others] = errors;
  if (first === undefined || errors.every(({ inNeededStages }) => inNeededStages)) return;
  if (others.length === 0) throw problemError(first);
  throw new InputError(first.code, first.message, {
    ...(first.hint === undefined ? {} : { hint: first.hint }),
    ...(first.location === undefined ? {} : { location: first.location }),
    data: { others },
  });
}
