import { nearestName } from "../../did-you-mean.ts";
import { expandWith } from "../evaluate.ts";
import { buildkitRule } from "../rule.ts";
import { variableSpan } from "../variable-span.ts";

export const undefinedArgInFrom = buildkitRule({
  name: "UndefinedArgInFrom",
  description: "FROM uses only arguments that are declared before it, or that exist by themselves",
  *check({ file, tree, evaluation }) {
    const { globals, globalNames } = evaluation;
    for (const { from } of file.stages) {
      for (const word of [from.platform, from.image]) {
        const unset = word && expandWith(word.text, globals, tree.escape)?.unset;
        for (const name of [...(unset ?? [])].sort()) {
          if (globalNames.has(name)) continue;
          const near = nearestName(name, globalNames);
          yield {
            span: variableSpan(tree.source, word!.span, name),
            node: from.node,
            message: `FROM uses ${name}, which is not declared`,
            hint:
              near === undefined
                ? `Write ARG ${name}=default before the first FROM.`
                : `Did you mean ${near}?`,
          };
        }
      }
    }
  },
});
