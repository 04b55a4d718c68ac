import { slipwayRule } from "../rule.ts";
import type { Word } from "../../syntax/syntax-tree.ts";

export const duplicateKey = slipwayRule({
  name: "DuplicateKey",
  description: "An ENV or LABEL gives each name one value",
  *check(context) {
    for (const { command, stage } of context.commands()) {
      if (command.kind !== "env" && command.kind !== "label") continue;
      const last = new Map<string, Word>();
      for (const { key } of command.pairs) last.set(context.expanded(key).text || key.text, key);
      for (const { key } of command.pairs) {
        if (last.get(context.expanded(key).text || key.text) === key) continue;
        yield {
          span: key.span,
          node: command.node,
          stage: stage.stage.index,
          message: `${key.text} is given twice in one ${command.kind.toUpperCase()}: only the last value counts`,
          hint: "Remove one of them.",
        };
      }
    }
  },
});
