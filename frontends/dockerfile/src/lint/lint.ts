import { checkFile, type CheckedFile } from "../commands/stages.ts";
import type { Problem } from "../problems.ts";
import { createDockerfileParser } from "../syntax/parser.ts";
import type { DockerfileTree } from "../syntax/syntax-tree.ts";
import { fileCheckOptions, NO_CHECK_OPTIONS, type CheckOptions } from "./check-options.ts";
import type { LintFacts } from "./facts.ts";
import type { LintFinding } from "./finding.ts";
import { lintFile, type RuleChoice } from "./lint-file.ts";

export interface LintOptions extends RuleChoice {
  /** Name that locations carry; default `Dockerfile`. */
  readonly file?: string;
  /** The text's tree, when there is one already. */
  readonly tree?: DockerfileTree;
  /** The checked tree, when there is one already. */
  readonly checked?: CheckedFile;
  /** What is known besides the text; without it, rules that need it keep silent. */
  readonly facts?: LintFacts;
}

/**
 * Checks a text against the rules. Needs nothing but the text and never throws for it: what the parser cannot read is
 * left out, and a check directive that is wrong counts as absent (both are mistakes that parsing tells).
 * @returns findings in the order of the file
 */
export function lint(text: string, options: LintOptions = {}): readonly LintFinding[] {
  const problems: Problem[] = [];
  const tree =
    options.checked?.tree ??
    options.tree ??
    createDockerfileParser().parse(text, { file: options.file ?? "Dockerfile", problems });
  return lintFile(options.checked ?? checkFile(tree, problems), {
    choice: options,
    options: checkOptionsOf(tree, options.facts),
    ...(options.facts === undefined ? {} : { facts: options.facts }),
  });
}

function checkOptionsOf(tree: DockerfileTree, facts: LintFacts | undefined): CheckOptions {
  try {
    return fileCheckOptions(tree, facts?.buildArgs?.["BUILDKIT_DOCKERFILE_CHECK"]);
  } catch {
    return NO_CHECK_OPTIONS;
  }
}
