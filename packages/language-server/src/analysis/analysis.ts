import {
  type CheckedFile,
  diagnose,
  type DockerfileParser,
  type DockerfileTree,
  type InstructionNode,
  lint,
  type LintFinding,
  type Problem,
  SourceText,
  type Span,
} from "@slipway/frontend-dockerfile/language";
import type { FragmentFiles } from "./fragment-files.ts";
import type { LanguageTools } from "./language-tools.ts";
import { type LogicalText, logicalTextAt } from "./logical-text.ts";
import { endOf, StageIndex } from "./stages.ts";
import { VariableIndex } from "./variables.ts";

/** What one text means, with the fragments that it includes. Everything is made when it is asked for first, and kept. */
export class Analysis {
  readonly text: string;
  /** Of the text itself; fragments are not in it. */
  readonly tree: DockerfileTree;
  /** What is wrong with the text, in its order. */
  readonly problems: readonly Problem[];
  /** What is wrong with fragments, where they were included in `location.includedFrom`. */
  readonly fragmentProblems: readonly Problem[];
  /** The fragments that were looked for; undefined where none are included, or cannot be looked for. */
  readonly fragments: FragmentFiles | undefined;
  /** A bug of ours that this text brought to light; the tree is then empty. */
  readonly failure: unknown;
  readonly #checked: CheckedFile | undefined;
  #findings: readonly LintFinding[] | undefined;
  #stages: StageIndex | undefined;
  #ownStages: StageIndex | undefined;
  #variables: VariableIndex | undefined;

  constructor(
    text: string,
    options: { readonly file: string; readonly tools: LanguageTools; readonly fragments?: FragmentFiles },
  ) {
    this.text = text;
    const { file, tools, fragments } = options;
    const parser: DockerfileParser = {
      parse: (each, about) => (each === text ? tools.parser : tools.fragmentParser).parse(each, about),
    };
    let problems: readonly Problem[] = [];
    try {
      const diagnosis = diagnose(text, {
        file,
        parser: fragments === undefined ? tools.parser : parser,
        ...(fragments === undefined ? {} : { fragments }),
      });
      this.tree = diagnosis.tree;
      this.#checked = diagnosis.checked;
      problems = diagnosis.problems;
    } catch (error) {
      // It must not take the editor's other files along.
      this.failure = error;
      this.tree = emptyTree(file, text);
    }
    this.fragments = fragments === undefined || fragments.paths.size === 0 ? undefined : fragments;
    this.problems = problems.filter(({ location }) => location?.includedFrom === undefined);
    this.fragmentProblems = problems.filter(({ location }) => location?.includedFrom !== undefined);
  }

  /** The tree with all fragments; ranges of these lie behind the text. */
  get whole(): DockerfileTree {
    return this.#checked?.tree ?? this.tree;
  }

  get #allFindings(): readonly LintFinding[] {
    this.#findings ??= this.#checked === undefined ? [] : lint(this.text, { checked: this.#checked });
    return this.#findings;
  }

  /** Where the text breaks rules. Rules say nothing about what is plainly wrong. */
  get findings(): readonly LintFinding[] {
    return this.#allFindings
      .filter(({ span }) => this.isOwn(span))
      .map((finding) => {
        const { fix, ...rest } = finding;
        return fix?.edits.every(({ span }) => this.isOwn(span)) === false ? rest : finding;
      });
  }

  /** Where fragments break rules. */
  get fragmentFindings(): readonly LintFinding[] {
    return this.#allFindings.filter(({ span }) => !this.isOwn(span));
  }

  /** The stages, those of fragments included. */
  get stages(): StageIndex {
    this.#stages ??= new StageIndex(this.whole);
    return this.#stages;
  }

  /** The stages as the text itself shows them. */
  get ownStages(): StageIndex {
    this.#ownStages ??= this.whole === this.tree ? this.stages : new StageIndex(this.tree);
    return this.#ownStages;
  }

  /** The variables, those of fragments included. */
  get variables(): VariableIndex {
    this.#variables ??= new VariableIndex(this.whole, this.stages);
    return this.#variables;
  }

  /** Whether a range is one of the text itself, and not of a fragment. */
  isOwn({ start }: Span): boolean {
    return start <= this.text.length;
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
