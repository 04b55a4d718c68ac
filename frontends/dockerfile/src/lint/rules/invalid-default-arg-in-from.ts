import { expandWith } from "../evaluate.ts";
import { isReference } from "../image-names.ts";
import { buildkitRule } from "../rule.ts";

export const invalidDefaultArgInFrom = buildkitRule({
  name: "InvalidDefaultArgInFrom",
  description: "The base image has a name even when no build argument is given",
  *check({ file, tree, evaluation }) {
    for (const { from } of file.stages) {
      const byDefault = expandWith(from.image.text, evaluation.globalDefaults, tree.escape);
      if (byDefault === undefined || byDefault.text === from.image.text) continue;
      if (byDefault.text !== "" && isReference(byDefault.text)) continue;
      yield {
        span: from.image.span,
        node: from.node,
        message:
          byDefault.text === ""
            ? `without build arguments, the base image ${from.image.text} has no name`
            : `without build arguments, the base image ${from.image.text} is "${byDefault.text}", which is no name of an image`,
        hint: "Give the ARG a default that works: ARG NAME=value, or ${NAME:-value}.",
      };
    }
  },
});
