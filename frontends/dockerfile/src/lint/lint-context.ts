import type { StageCommand } from "../commands/command.ts";
import type { CheckedFile } from "../commands/stages.ts";
import type { SourceText } from "../syntax/source-text.ts";
import type { Comment, DockerfileTree, InstructionNode } from "../syntax/syntax-tree.ts";
import { evaluate, type EvaluatedStage, type Evaluation, type Expanded } from "./evaluate.ts";
import type { Expandable } from "./expanded-words.ts";
import type { LintFacts } from "./facts.ts";
import { commentsAbove } from "./instruction-options.ts";
import { readScripts, type ShellScript } from "./shell-script.ts";

/** What rules look at. Costly parts are made when the first rule asks for them. */
export class LintContext {
  readonly tree: DockerfileTree;
  readonly file: CheckedFile;
  readonly facts: LintFacts;
  readonly comments: ReadonlyMap<number, readonly Comment[]>;
  readonly #scripts = new Map<InstructionNode, readonly ShellScript[]>();
  #evaluation: Evaluation | undefined;

  constructor(file: CheckedFile, facts: LintFacts) {
    this.tree = file.tree;
    this.file = file;
    this.facts = facts;
    this.comments = commentsAbove(file.tree);
  }

  get source(): SourceText {
    return this.tree.source;
  }

  get evaluation(): Evaluation {
    return (this.#evaluation ??= evaluate(this.file, this.facts));
  }

  get stages(): readonly EvaluatedStage[] {
    return this.evaluation.stages;
  }

  /** A word of an instruction with its variables replaced. */
  expanded(word: Expandable): Expanded {
    return (
      this.evaluation.words.get(word) ?? {
        text: "",
        undefinedNames: [],
        nearest: new Map(),
        isCertain: false,
      }
    );
  }

  /** Every instruction of every stage. */
  *commands(): Iterable<{ readonly command: StageCommand; readonly stage: EvaluatedStage }> {
    for (const stage of this.stages) for (const command of stage.stage.commands) yield { command, stage };
  }

  /** The shell scripts that a RUN holds. */
  scripts(node: InstructionNode): readonly ShellScript[] {
    let scripts = this.#scripts.get(node);
    if (scripts === undefined) this.#scripts.set(node, (scripts = readScripts(node, this.tree)));
    return scripts;
  }

  /** The last stage and those that it is based on: their layers are in the image. */
  imageStages(): ReadonlySet<EvaluatedStage> {
    const found = new Set<EvaluatedStage>();
    const { target } = this.facts;
    const wanted = target ? this.stages.find(({ stage }) => stage.name === target.toLowerCase()) : undefined;
    for (let stage = wanted ?? this.stages.at(-1); stage !== undefined; stage = stage.parent)
      found.add(stage);
    return found;
  }
}
