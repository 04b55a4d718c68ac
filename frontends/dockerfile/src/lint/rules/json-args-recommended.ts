import { buildkitRule } from "../rule.ts";

export const jsonArgsRecommended = buildkitRule({
  name: "JSONArgsRecommended",
  description: "CMD and ENTRYPOINT are JSON arrays, so that the process gets signals itself",
  *check(context) {
    for (const stage of context.stages) {
      let hasShell = stage.hasShellAtStart;
      for (const command of stage.stage.commands) {
        if (command.kind === "shell") hasShell = true;
        if ((command.kind !== "cmd" && command.kind !== "entrypoint") || command.line.form !== "shell")
          continue;
        // Whoever sets a SHELL has thought about it.
        if (hasShell) continue;
        const { arguments: args, keyword } = command.node;
        yield {
          span: args.form === "text" ? args.text.span : keyword.span,
          node: command.node,
          stage: stage.stage.index,
          message: `${command.kind.toUpperCase()} should be a JSON array: a shell in between gets the signals`,
          hint: `Write ${command.kind.toUpperCase()} ["program", "argument"]. To keep the shell on purpose, set SHELL before.`,
        };
      }
    }
  },
});
