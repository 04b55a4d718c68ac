import type { Problem } from "../problems.ts";
import type { DockerfileTree } from "../syntax/syntax-tree.ts";
import { allowsIncludes } from "../syntax/directives.ts";
import { checkInstruction } from "./check.ts";
import { readInclude } from "./include.ts";
import type { ArgCommand, FromCommand, StageCommand } from "./command.ts";

/** FROM and what follows up to the next FROM. */
export interface Stage {
  /** Place in the file, from 0. */
  readonly index: number;
  readonly from: FromCommand;
  /** In lower case; empty when it has none. */
  readonly name: string;
  readonly commands: readonly StageCommand[];
}

export interface CheckedFile {
  readonly tree: DockerfileTree;
  /** ARG before the first FROM. */
  readonly globalArgs: readonly ArgCommand[];
  readonly stages: readonly Stage[];
}

/** Checks every instruction of a file and sorts them into stages. All mistakes are added to `problems`. */
export function checkFile(tree: DockerfileTree, problems: Problem[]): CheckedFile {
  const globalArgs: ArgCommand[] = [];
  const stages: (Stage & { commands: StageCommand[] })[] = [];
  // A FROM with a mistake still begins a stage: what follows must not be called "before the first FROM".
  let seenFrom = false;
  // Where fragments were not put in yet, as in an editor, they may hold a FROM.
  let hasFragments = false;
  for (const node of tree.instructions) {
    if (node.name === "include" && allowsIncludes(tree.directives)) {
      readInclude(node, { source: tree.source, escape: tree.escape, problems });
      hasFragments = true;
      continue;
    }
    const command = checkInstruction(node, tree.source, problems);
    if (node.name === "from") seenFrom = true;
    if (command === undefined) continue;
    if (command.kind === "from") {
      stages.push({
        index: stages.length,
        from: command,
        name: command.name?.text.toLowerCase() ?? "",
        commands: [],
      });
    } else if (!seenFrom && command.kind === "arg") {
      globalArgs.push(command);
    } else if (!seenFrom && !hasFragments) {
      problems.push({
        code: "INSTRUCTION_BEFORE_FROM",
        message: `${node.name.toUpperCase()} stands before the first FROM`,
        hint: "Only ARG may stand there. Begin the file with FROM image, or FROM scratch.",
        location: tree.source.locate(node.keyword.span),
      });
    } else {
      stages.at(-1)?.commands.push(command);
    }
  }
  if (!seenFrom && !hasFragments && problems.length === 0) {
    const end = tree.source.text.length;
    problems.push({
      code: "DOCKERFILE_EMPTY",
      message: `${tree.source.file} has no FROM`,
      hint: "Begin the file with FROM image, or FROM scratch.",
      location: tree.source.locate({ start: Math.max(0, end - 1), end }),
    });
  }
  return { tree, globalArgs, stages };
}
