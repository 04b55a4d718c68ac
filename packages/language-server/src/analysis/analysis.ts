import {
  type CheckedFile,
  diagnose,
  type DockerfileTree,
  type InstructionNode,
  lint,
  type LintFinding,
  type Problem,
  SourceText,
} from "@slipway/frontend-dockerfile/language";
import type { LanguageTools } from "./language-tools.ts";
import { type LogicalText, logicalTextAt } from "./logical-text.ts";
import { endOf, StageIndex } from "./stages.ts";
import { VariableIndex } from "./variables.ts";

/** What one text means. Everything is made when it is asked for first, and kept. */
export class Analysis {
  readonly text: string;
  readonly tree: DockerfileTree;
  /** What is wrong with the file, in the order of the file. */
  readonly problems: readonly Problem[];
  /** A bug of ours that this text brought to light; the tree is then empty. */
  readonly failure: unknown;
  readonly #checked: CheckedFile | undefined;
  #findings: readonly LintFinding[] | undefined;
  #stages: StageIndex | undefined;
  #variables: VariableIndex | undefined;

  constructor(text: string, options: { readonly file: string; readonly tools: LanguageTools }) {
    this.text = text;
    const { file, tools } = options;
    try {
      const { tree, problems, checked } = diagnose(text, { file, parser: tools.parser });
      this.tree = tree;
      this.#checked = checked;
      this.problems = problems;
    } catch (error) {
      // It must not take the editor's other files along.
      this.failure = error;
      this.tree = emptyTree(file, text);
      this.problems = [];
    }
  }

  /** Where the file breaks rules. Rules say nothing about what is plainly wrong. */
  get findings(): readonly LintFinding[] {
    this.#findings ??= this.#checked === undefined ? [] : lint(this.text, { checked: this.#checked });
    return this.#findings;
  }

  get stages(): StageIndex {
    this.#stages ??= new StageIndex(this.tree);
    return this.#stages;
  }

  get variables(): VariableIndex {
    this.#variables ??= new VariableIndex(this.tree, this.stages);
    return this.#variables;
  }

  /** The last instruction that begins at an offset or before it. */
  instructionBefore(offset: number): InstructionNode | undefined {
    const { instructions } = this.tree;
    let low = 0;
    let high = instructions.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      if (instructions[middle]!.span.start <= offset) low = middle + 1;
      else high = middle - 1;
    }
    return instructions[high];
  }

  /** The instruction whose text, here-documents included, an offset is in or right behind. */
  instructionAt(offset: number): InstructionNode | undefined {
    const node = this.instructionBefore(offset);
    return node !== undefined && offset <= endOf(node) ? node : undefined;
  }

  /** The instruction's own line, continuations taken out, as long as it goes on in the text. */
  logicalText(node: InstructionNode): LogicalText {
    return logicalTextAt(this.text, node.span.start, this.tree.escape);
  }
}

function emptyTree(file: string, text: string): DockerfileTree {
  return {
    source: new SourceText(file, text),
    escape: "\\",
    directives: [],
    comments: [],
    instructions: [],
  };
}
