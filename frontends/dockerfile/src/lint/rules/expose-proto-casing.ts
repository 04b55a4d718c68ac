import { buildkitRule } from "../rule.ts";

export const exposeProtoCasing = buildkitRule({
  name: "ExposeProtoCasing",
  description: "The protocol of EXPOSE is written in lower case",
  fixable: true,
  *check(context) {
    for (const { command, stage } of context.commands()) {
      if (command.kind !== "expose") continue;
      for (const item of command.items) {
        const { text, isCertain } = context.expanded(item);
        const protocol = /\/([^/]+)$/.exec(text)?.[1];
        if (!isCertain || protocol === undefined || protocol === protocol.toLowerCase()) continue;
        const isWritten = item.text === text && item.span.end - item.span.start === text.length;
        const start = item.span.end - protocol.length;
        yield {
          span: isWritten ? { start, end: item.span.end } : item.span,
          node: command.node,
          stage: stage.stage.index,
          message: `the protocol of "${text}" should be in lower case`,
          hint: `Write ${text.slice(0, -protocol.length)}${protocol.toLowerCase()}.`,
          ...(isWritten
            ? {
                fix: {
                  title: `Write ${protocol.toLowerCase()}`,
                  edits: [{ span: { start, end: item.span.end }, text: protocol.toLowerCase() }],
                },
              }
            : {}),
        };
      }
    }
  },
});
