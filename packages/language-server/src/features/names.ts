import type { Span } from "@slipway/frontend-dockerfile/language";
import type { Analysis } from "../analysis/analysis.ts";
import type { StageInfo } from "../analysis/stages.ts";
import type { VariableDeclaration } from "../analysis/variables.ts";

/** A stage or variable at a place, and everywhere it is named. */
export interface NameInFile {
  readonly kind: "stage" | "arg" | "env";
  readonly text: string;
  /** The place that was asked about. */
  readonly span: Span;
  /** Where to go from here; the FROM for stages without a name. */
  readonly definition: Span;
  readonly declarations: readonly Span[];
  /** Numbers that stand for a stage included. */
  readonly uses: readonly Span[];
  /** Those of `uses` that are numbers, and stay when the name changes. */
  readonly numbers: ReadonlySet<Span>;
  readonly stage?: StageInfo;
  readonly declaration?: VariableDeclaration;
}

/** What name an offset is in or right behind. */
export function nameAt(analysis: Analysis, offset: number): NameInFile | undefined {
  return variableAt(analysis, offset) ?? stageAt(analysis, offset);
}

function variableAt(analysis: Analysis, offset: number): NameInFile | undefined {
  const { variables } = analysis;
  const found = variables.at(offset);
  if (found?.declaration === undefined) return undefined;
  const { declaration, span, name } = found;
  const family = variables.family(declaration);
  // On a declaration that takes its value from another one, the other one is what is looked for.
  const onItself = found.reference === undefined;
  const global = onItself && declaration.value === undefined ? variables.globalOf(declaration) : undefined;
  return {
    kind: declaration.kind,
    text: name,
    span,
    definition: (global ?? declaration).nameSpan,
    declarations: family.map(({ nameSpan }) => nameSpan),
    uses: variables.usesOf(family).map(({ nameSpan }) => nameSpan),
    numbers: new Set(),
    declaration,
  };
}

function stageAt(analysis: Analysis, offset: number): NameInFile | undefined {
  const { stages } = analysis;
  const found = stages.at(offset);
  if (found === undefined) return undefined;
  const { stage, span } = found;
  const uses = stages.referencesTo(stage);
  return {
    kind: "stage",
    text: stage.name?.text ?? "",
    span,
    definition: stage.name?.span ?? stage.from.keyword.span,
    declarations: stage.name === undefined ? [] : [stage.name.span],
    uses: uses.map((use) => use.span),
    numbers: new Set(uses.filter(({ byNumber }) => byNumber).map((use) => use.span)),
    stage,
  };
}
