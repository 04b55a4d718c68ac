import { slipwayRule } from "../rule.ts";

export const sudoInRun = slipwayRule({
  name: "SudoInRun",
  description: "USER says who runs a step; sudo is not needed",
  *check(context) {
    for (const { command, stage } of context.commands()) {
      if (command.kind !== "run") continue;
      for (const script of context.scripts(command.node)) {
        for (const each of script.commands) {
          const sudo = [...each.prefix, ...each.words.slice(0, 1)].find(({ text }) =>
            /^(?:\/usr\/bin\/)?sudo$/.test(text),
          );
          if (sudo === undefined) continue;
          yield {
            span: sudo.span,
            node: command.node,
            stage: stage.stage.index,
            message: "sudo in a build has an effect on signals and the environment that nobody expects",
            hint: "Steps run as root unless USER says otherwise: leave sudo away, or put the step before USER.",
          };
        }
      }
    }
  },
});
