import { buildkitRule } from "../rule.ts";

export const exposeInvalidFormat = buildkitRule({
  name: "ExposeInvalidFormat",
  description: "EXPOSE names ports of the container only: no addresses, no ports of the host",
  *check(context) {
    for (const { command, stage } of context.commands()) {
      if (command.kind !== "expose") continue;
      for (const item of command.items) {
        const { text, isCertain } = context.expanded(item);
        // Colons alone, as in `:80`, name nothing of the host.
        if (!isCertain || !/[^:]:/.test(text)) continue;
        yield {
          span: item.span,
          node: command.node,
          stage: stage.stage.index,
          message: `EXPOSE takes the container's port only, not "${text}"`,
          hint: `Write ${text.slice(text.lastIndexOf(":") + 1)}; ports of the host are chosen when the container is run, with --publish.`,
        };
      }
    }
  },
});
