import type { Pair } from "../../syntax/syntax-tree.ts";
import { buildkitRule } from "../rule.ts";
import type { LintFix } from "../finding.ts";

/** How to write an old pair in the new form; undefined where quotes, escapes or lines would have to be judged. */
function fixOf({ key, value, span }: Pair): LintFix | undefined {
  if (value === undefined || /["'\\`\n]/.test(value.text) || !/^[^\s"'=]+$/.test(key.text)) return undefined;
  const isOneLine = value.span.end - value.span.start === value.text.length;
  if (!isOneLine) return undefined;
  const text = /^[^\s\u0085]+$/.test(value.text) ? value.text : `"${value.text}"`;
  return { title: `Write ${key.text}=…`, edits: [{ span, text: `${key.text}=${text}` }] };
}

export const legacyKeyValueFormat = buildkitRule({
  name: "LegacyKeyValueFormat",
  description: "ENV and LABEL are written name=value, with the equals sign",
  fixable: true,
  *check(context) {
    for (const { command } of context.commands()) {
      if (command.kind !== "env" && command.kind !== "label") continue;
      const args = command.node.arguments;
      for (const pair of args.form === "pairs" ? args.pairs : []) {
        if (pair.separator !== " ") continue;
        const fix = fixOf(pair);
        yield {
          span: pair.span,
          node: command.node,
          message: `${command.node.keyword.text} without an equals sign is the old form, which takes one name only`,
          hint: `Write ${command.node.keyword.text} ${pair.key.text}=…, with quotes around values that have spaces.`,
          ...(fix === undefined ? {} : { fix }),
        };
      }
    }
  },
});
