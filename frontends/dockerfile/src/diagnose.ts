import { findCommitMarks } from "./compile/commit-points.ts";
import { checkReferences } from "./commands/references.ts";
import { checkFile, type CheckedFile } from "./commands/stages.ts";
import { sortProblems, type Problem } from "./problems.ts";
import { createDockerfileParser, type DockerfileParser } from "./syntax/parser.ts";
import type { DockerfileTree } from "./syntax/syntax-tree.ts";

/** What a text says, and all that is wrong with it. */
export interface Diagnosis {
  readonly tree: DockerfileTree;
  /** The instructions that are right, sorted into stages. */
  readonly checked: CheckedFile;
  /** In the order of the file. */
  readonly problems: readonly Problem[];
}

/**
 * Parses a text and checks every instruction, flag and reference between stages. Variables are not expanded and images not
 * looked up. `#!COMMIT` at the end of a line is no argument. Takes every text: what is wrong is in `problems`, nothing is thrown.
 * @param options.parser one that was made before, to save the milliseconds that making one takes
 */
export function diagnose(
  text: string,
  options: { readonly file?: string; readonly parser?: DockerfileParser } = {},
): Diagnosis {
  const { file = "Dockerfile", parser = createDockerfileParser() } = options;
  let problems: Problem[] = [];
  let tree = parser.parse(text, { file, problems });
  const marks = findCommitMarks(tree);
  if (marks !== undefined && marks.text !== text) {
    problems = [];
    tree = parser.parse(marks.text, { file, problems });
  }
  const checked = checkFile(tree, problems);
  checkReferences(checked, problems);
  return { tree, checked, problems: sortProblems(problems) };
}
