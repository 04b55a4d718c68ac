import { buildkitRule } from "../rule.ts";

const LABEL = "org.opencontainers.image.authors";

export const maintainerDeprecated = buildkitRule({
  name: "MaintainerDeprecated",
  description: "The author is a label; MAINTAINER is deprecated",
  fixable: true,
  *check(context) {
    for (const { command } of context.commands()) {
      if (command.kind !== "maintainer") continue;
      const { text } = command.text;
      const keyword = command.node.keyword.text;
      const label = keyword === keyword.toLowerCase() ? "label" : "LABEL";
      const isPlain = !/["'$`\\\n]/.test(text);
      yield {
        span: command.node.keyword.span,
        node: command.node,
        message: "MAINTAINER is deprecated",
        hint: `Write LABEL ${LABEL}="…".`,
        ...(isPlain
          ? {
              fix: {
                title: "Turn it into a label",
                edits: [{ span: command.node.span, text: `${label} ${LABEL}="${text.trim()}"` }],
              },
            }
          : {}),
      };
    }
  },
});
