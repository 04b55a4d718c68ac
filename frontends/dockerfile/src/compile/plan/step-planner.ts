import type { Platform } from "@slipway/oci";
import type { ExpandOptions, Lookup } from "../../expand/expand.ts";
import type { InstructionNode, Word } from "../../syntax/syntax-tree.ts";
import type { WrongBytes } from "../load/decode-text.ts";
import type { CompileOptions } from "../options.ts";
import type { ImageDraft } from "./image-draft.ts";
import type { PlacedCommand, StagePlan } from "./plan.ts";

/** What all stages of a compilation share while they are planned. */
export interface PlanScope {
  readonly options: CompileOptions;
  readonly escape: "\\" | "`";
  /** Global ARGs and the predefined ones. */
  readonly globals: ReadonlyMap<string, string>;
  readonly platform: Platform;
  /** Paths of the build context that steps use; `/` means all of it. */
  readonly contextPaths: Set<string>;
  /** What of the build file is no UTF-8; absent when all of it is. */
  readonly wrong?: WrongBytes;
  /** Instructions at which the image is committed; absent when every step makes a layer of its own. */
  readonly commits?: ReadonlySet<InstructionNode>;
}

/** What the planners of single steps work with: the stage as it is in front of the step. */
export interface StepPlanner {
  readonly plan: StagePlan;
  readonly scope: PlanScope;
  readonly image: ImageDraft;
  /** Where relative paths begin; absolute. */
  readonly cwd: string;
  /** The variables that instructions see. */
  readonly lookup: Lookup;
  /** @throws InputError at the word when its variables can't be replaced */
  expand(word: Word, placed: PlacedCommand): string;
  /** What progress calls a step; takes the next number. */
  stepName(placed: PlacedCommand, text: string, options?: ExpandOptions): string;
}
