import type {
  DockerfileTree,
  Flag,
  InstructionNode,
  Span,
  Word,
} from "@slipway/frontend-dockerfile/language";
import { mountFields } from "./mount-fields.ts";

/** FROM and what follows up to the next FROM, mistakes included. */
export interface StageInfo {
  /** From 0. */
  readonly index: number;
  readonly from: InstructionNode;
  /** What stands behind AS. */
  readonly name?: Word;
  /** The name in lower case, by which stages are looked up; empty when there is none. */
  readonly key: string;
  /** What stands behind FROM. */
  readonly base?: Word;
  /** The stage that it builds on. */
  readonly parent?: StageInfo;
  /** The first of the stages that it builds on, directly or not. */
  readonly root?: StageInfo;
  /** Without the FROM. */
  readonly instructions: readonly InstructionNode[];
}

/** A place that names a stage, or could. */
export interface StageReference {
  readonly text: string;
  readonly span: Span;
  readonly kind: "from" | "copy" | "mount";
  /** The stage that it is in. */
  readonly stage?: StageInfo;
  /** The stage that it names; absent for images, contexts and mistakes. */
  readonly target?: StageInfo;
  /** True for `--from=0`. */
  readonly byNumber: boolean;
}

/** A stage in words: its name, or its number. */
export function stageTitle(stage: StageInfo): string {
  return stage.name?.text ?? `stage ${stage.index}`;
}

/** Takes `ONBUILD` off an instruction. */
export function innermost(node: InstructionNode): InstructionNode {
  let inner = node;
  while (inner.arguments.form === "trigger") inner = inner.arguments.instruction;
  return inner;
}

/** Where an instruction ends, the line end behind its last here-document left out. */
export function endOf(node: InstructionNode): number {
  return innermost(node).heredocs.at(-1)?.end.end ?? node.span.end;
}

/** The stages of a file and who refers to them. */
export class StageIndex {
  /** In the order of the file. */
  readonly stages: readonly StageInfo[];
  /** What stands before the first FROM. */
  readonly preamble: readonly InstructionNode[];
  /** In the order of the file. */
  readonly references: readonly StageReference[];
  readonly #text: string;
  /** Where each stage begins in the file itself; a fragment's stages begin at its INCLUDE. */
  readonly #sites: readonly number[];

  constructor(tree: DockerfileTree) {
    this.#text = tree.source.text;
    const stages: StageInfo[] = [];
    const preamble: InstructionNode[] = [];
    const byKey = new Map<string, StageInfo>();
    let instructions = preamble;
    for (const node of tree.instructions) {
      if (node.name !== "from") {
        instructions.push(node);
        continue;
      }
      instructions = [];
      const stage = stageOf(node, { index: stages.length, instructions, byKey });
      stages.push(stage);
      if (stage.key !== "") byKey.set(stage.key, stage);
    }
    this.stages = stages;
    this.#sites = stages.map(({ from }) => tree.source.siteOf(from.span).start);
    this.preamble = preamble;
    this.references = this.#references();
  }

  /** The stage that an offset of the file itself is in; undefined before the first FROM. */
  stageAt(offset: number): StageInfo | undefined {
    let low = 0;
    let high = this.stages.length - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      if (this.#sites[middle]! <= offset) low = middle + 1;
      else high = middle - 1;
    }
    return this.stages[high];
  }

  /** The stage whose name, or a reference to which, an offset is in or right behind. */
  at(
    offset: number,
  ): { readonly stage: StageInfo; readonly span: Span; readonly byNumber: boolean } | undefined {
    const touches = ({ start, end }: Span): boolean => start <= offset && offset <= end;
    const here = this.stageAt(offset);
    if (here?.name !== undefined && touches(here.name.span))
      return { stage: here, span: here.name.span, byNumber: false };
    const reference = this.references.find(({ span, target }) => target !== undefined && touches(span));
    return reference && { stage: reference.target!, span: reference.span, byNumber: reference.byNumber };
  }

  referencesTo(stage: StageInfo): readonly StageReference[] {
    return this.references.filter(({ target }) => target === stage);
  }

  #references(): StageReference[] {
    const references: StageReference[] = [];
    // The latest definition of a name before the place counts; a place before all of them means the first.
    const seen = new Map<string, StageInfo>();
    const first = new Map<string, StageInfo>();
    for (const stage of this.stages)
      if (stage.key !== "" && !first.has(stage.key)) first.set(stage.key, stage);
    for (const stage of this.stages) {
      if (stage.base !== undefined) {
        const { text, span } = stage.base;
        references.push({
          ...{ text, span, kind: "from", stage, byNumber: false },
          ...(stage.parent === undefined ? {} : { target: stage.parent }),
        });
      }
      for (const node of stage.instructions) {
        for (const place of this.#origins(node)) {
          const byNumber = /^\d+$/.test(place.text);
          const key = place.text.toLowerCase();
          const target = byNumber ? this.stages[Number(place.text)] : (seen.get(key) ?? first.get(key));
          references.push({ ...place, stage, byNumber, ...(target === undefined ? {} : { target }) });
        }
      }
      if (stage.key !== "") seen.set(stage.key, stage);
    }
    return references;
  }

  #origins(node: InstructionNode): Pick<StageReference, "text" | "span" | "kind">[] {
    const inner = innermost(node);
    if (inner.name === "copy") {
      return inner.flags
        .filter(({ name, value }) => name === "from" && value !== undefined && value !== "")
        .map((flag) => ({ text: flag.value!, span: unquoted(this.#text, flag), kind: "copy" }));
    }
    if (inner.name !== "run") return [];
    return inner.flags
      .filter(({ name, valueSpan }) => name === "mount" && valueSpan !== undefined)
      .flatMap(({ valueSpan }) => mountFields(this.#text, valueSpan!))
      .filter(({ key, value }) => key.toLowerCase() === "from" && value !== undefined && value !== "")
      .map(({ value, valueSpan }) => ({ text: value!, span: valueSpan!, kind: "mount" }));
  }
}

function stageOf(
  from: InstructionNode,
  context: {
    readonly index: number;
    readonly instructions: readonly InstructionNode[];
    readonly byKey: ReadonlyMap<string, StageInfo>;
  },
): StageInfo {
  const words = from.arguments.form === "words" ? from.arguments.words : [];
  const [base, as, name] = words;
  const isNamed = as?.text.toLowerCase() === "as" && name !== undefined;
  const parent = base && context.byKey.get(base.text.toLowerCase());
  return {
    index: context.index,
    from,
    ...(isNamed ? { name } : {}),
    key: isNamed ? name.text.toLowerCase() : "",
    ...(base === undefined ? {} : { base }),
    ...(parent === undefined ? {} : { parent, root: parent.root ?? parent }),
    instructions: context.instructions,
  };
}

/** Where a flag's value is without the quotes around it. */
function unquoted(text: string, flag: Flag): Span {
  let { start, end } = flag.valueSpan ?? flag.span;
  while (start < end && /["']/.test(text[start]!)) start++;
  while (end > start && /["']/.test(text[end - 1]!)) end--;
  return { start, end };
}
