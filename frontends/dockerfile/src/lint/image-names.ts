import { parseImageReference } from "@slipway/oci";
import type { Span } from "../syntax/source-text.ts";
import type { InstructionNode } from "../syntax/syntax-tree.ts";
import type { LintContext } from "./lint-context.ts";

export interface ImageName {
  /** After variables are replaced. */
  readonly name: string;
  readonly span: Span;
  readonly node: InstructionNode;
  readonly stage: number;
}

/** Whether a text can name an image. */
export function isReference(name: string): boolean {
  try {
    parseImageReference(name);
    return true;
  } catch {
    return false;
  }
}

/** The images that FROM and COPY --from name; stages, named contexts and what cannot be known are left out. */
export function* imageNames(context: LintContext): Iterable<ImageName> {
  const stageNames = new Set(context.file.stages.map(({ name }) => name));
  const contexts = new Set(context.facts.namedContexts ?? []);
  for (const stage of context.stages) {
    const { from, index } = stage.stage;
    const { text, undefinedNames, isCertain } = stage.baseName;
    if (stage.base === "image" && isCertain && undefinedNames.length === 0 && isReference(text))
      yield { name: text, span: from.image.span, node: from.node, stage: index };
    for (const command of stage.stage.commands) {
      if (command.kind !== "copy" || command.from === undefined) continue;
      const name = command.from.text;
      const isOther = /^\d+$|\$/.test(name) || name === "scratch" || name === "context";
      if (
        isOther ||
        stageNames.has(name.toLowerCase()) ||
        contexts.has(name.toLowerCase()) ||
        !isReference(name)
      )
        continue;
      yield { name, span: command.from.span, node: command.node, stage: index };
    }
  }
}
