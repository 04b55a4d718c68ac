import type { ShellCommand } from "../shell-script.ts";
import { runs } from "../shell-script.ts";
import { slipwayRule } from "../rule.ts";

export const cdInRun = slipwayRule({
  name: "CdInRun",
  description: "WORKDIR says where steps run; a cd ends with its RUN",
  *check(context) {
    for (const stage of context.stages) {
      const seen = new Map<string, ShellCommand>();
      for (const command of stage.stage.commands) {
        if (command.kind === "workdir") seen.clear();
        if (command.kind !== "run") continue;
        const [script] = context.scripts(command.node);
        const first = script?.commands[0];
        if (script === undefined || first === undefined || !runs(first, "cd") || first.words.length !== 2)
          continue;
        const folder = first.words[1]!.text;
        const place = {
          span: { start: first.words[0]!.span.start, end: first.words[1]!.span.end },
          node: command.node,
          stage: stage.stage.index,
        };
        if (script.commands.length === 1) {
          yield {
            ...place,
            message: `cd ${folder} has no effect: the next step begins in WORKDIR again`,
            hint: `Write WORKDIR ${folder}.`,
          };
        } else if (seen.has(folder)) {
          yield {
            ...place,
            message: `several steps begin with cd ${folder}`,
            hint: `Write WORKDIR ${folder} once before them.`,
          };
        }
        seen.set(folder, first);
      }
    }
  },
});
