// What tools for people who write Dockerfiles are made of: parsing, checking, formatting. Nothing here does I/O.

export { diagnose, type DiagnoseOptions, type Diagnosis } from "./diagnose.ts";
export { fragmentPlace, MAX_FRAGMENT_BYTES, type FragmentPlace } from "./compile/load/fragment-place.ts";
export type { FragmentLoader, LoadedFragment, UnknownFragment } from "./compile/load/include-fragments.ts";
export { parseText } from "./syntax/parser.ts";
export { printTree, tokensOf, type FileToken, type FileTokenKind } from "./syntax/file-tokens.ts";
export { createDockerfileParser, type DockerfileParser } from "./syntax/parser.ts";
export { checkFile, type CheckedFile, type Stage } from "./commands/stages.ts";
export { INSTRUCTIONS } from "./commands/check.ts";
export { INSTRUCTION_FLAGS } from "./commands/instruction-flags.ts";
export { MOUNT_KEYS, MOUNT_TYPES } from "./commands/mount.ts";
export { nearestName } from "./did-you-mean.ts";
export type { FlagKind, FlagKinds } from "./commands/checker.ts";
export * from "./tree-exports.ts";
export { lint, type LintOptions } from "./lint/lint.ts";
export { fixText, type FixedText } from "./lint/apply-fixes.ts";
export type { LintFinding, LintFix, TextEdit } from "./lint/finding.ts";
export type { LintRule } from "./lint/rule.ts";
export { RULES } from "./lint/rules.ts";
export {
  createFormatter,
  formatDockerfile,
  type FormatOptions,
  type FormattedFile,
  type Formatter,
} from "./format/format.ts";
export { allowsIncludes } from "./syntax/directives.ts";
