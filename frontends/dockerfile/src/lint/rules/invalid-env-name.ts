import { slipwayRule } from "../rule.ts";

export const invalidEnvName = slipwayRule({
  name: "InvalidEnvName",
  description: "Names of variables are such that shells can use them",
  *check(context) {
    for (const { command, stage } of context.commands()) {
      if (command.kind !== "env" && command.kind !== "arg") continue;
      const keys =
        command.kind === "env" ? command.pairs.map(({ key }) => key) : command.args.map(({ key }) => key);
      for (const key of keys) {
        if (/[$"'\\]/.test(key.text) || /^[A-Za-z_]\w*$/.test(key.text)) continue;
        yield {
          span: key.span,
          node: command.node,
          stage: stage.stage.index,
          message: `shells cannot use a variable named ${key.text}`,
          hint: "Use letters, digits and underscores, and no digit in front.",
        };
      }
    }
  },
});
