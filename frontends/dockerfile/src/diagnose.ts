import { findCommitMarks, type AnnotatedFile } from "./compile/load/commit-points.ts";
import { includeFragmentsNow, type FragmentLoader } from "./compile/load/include-fragments.ts";
import { checkReferences } from "./commands/references.ts";
import { checkFile, type CheckedFile } from "./commands/stages.ts";
import { sortProblems, type Problem } from "./problems.ts";
import { allowsIncludes } from "./syntax/directives.ts";
import { createDockerfileParser, type DockerfileParser } from "./syntax/parser.ts";
import type { DockerfileTree } from "./syntax/syntax-tree.ts";

/** What a text says, and all that is wrong with it. */
export interface Diagnosis {
  /** Of the text itself: INCLUDE instructions stay what they are. */
  readonly tree: DockerfileTree;
  /** The instructions that are right, sorted into stages; of fragments, too, when a loader found them. */
  readonly checked: CheckedFile;
  /** In the order of the file. Those of fragments know where they were included. */
  readonly problems: readonly Problem[];
}

export interface DiagnoseOptions<Root = unknown> {
  /** What locations call the text; default `Dockerfile`. */
  readonly file?: string;
  /** One that was made before, to save the milliseconds that making one takes. */
  readonly parser?: DockerfileParser;
  /** Finds fragments, at once. Without it they are taken for something that may hold anything. */
  readonly fragments?: FragmentLoader<Root>;
}

/**
 * Parses a text and checks every instruction, flag and reference between stages. Variables are not expanded and images not
 * looked up. `#!COMMIT` at the end of a line is no argument. Takes every text: what is wrong is in `problems`, nothing is thrown.
 */
export function diagnose<Root = unknown>(text: string, options: DiagnoseOptions<Root> = {}): Diagnosis {
  const { file = "Dockerfile", parser = createDockerfileParser(), fragments } = options;
  const problems: Problem[] = [];
  const parse = (each: string, about: { file: string; problems: Problem[] }): AnnotatedFile =>
    parseAnnotated(parser, each, about);
  const own = parse(text, { file, problems });
  const whole =
    fragments === undefined || !allowsIncludes(own.tree.directives)
      ? own
      : includeFragmentsNow(own, { problems, sources: fragments, parse });
  const checked = checkFile(whole.tree, problems);
  checkReferences(checked, problems);
  return { tree: own.tree, checked, problems: sortProblems(problems) };
}

function parseAnnotated(
  parser: DockerfileParser,
  text: string,
  about: { readonly file: string; readonly problems: Problem[] },
): AnnotatedFile {
  const problems: Problem[] = [];
  const tree = parser.parse(text, { file: about.file, problems });
  const marks = findCommitMarks(tree);
  if (marks !== undefined && marks.text !== text)
    return { tree: parser.parse(marks.text, about), commits: new Set() };
  about.problems.push(...problems);
  return { tree, commits: new Set() };
}
