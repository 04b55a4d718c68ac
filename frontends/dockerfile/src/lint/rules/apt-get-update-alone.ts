import { slipwayRule } from "../rule.ts";
import { runs } from "../shell-script.ts";

export const aptGetUpdateAlone = slipwayRule({
  name: "AptGetUpdateAlone",
  description: "apt-get update and apt-get install are in the same RUN",
  inBuild: true,
  *check(context) {
    for (const { command, stage } of context.commands()) {
      if (command.kind !== "run" || command.mounts.some(({ text }) => /\/var\/(?:lib|cache)\/apt/.test(text)))
        continue;
      const commands = context.scripts(command.node).flatMap((script) => script.commands);
      const update = commands.find((each) => runs(each, ["apt-get", "apt"], ["update"]));
      const isAlone = commands.every(
        (each) =>
          runs(each, ["apt-get", "apt"], ["update", "clean"]) ||
          runs(each, ["set", "echo", "true", "export"]),
      );
      if (update === undefined || !isAlone) continue;
      yield {
        span: { start: update.words[0]!.span.start, end: update.words.at(-1)!.span.end },
        node: command.node,
        stage: stage.stage.index,
        message: "this step stays in the cache: later installs work with package lists that are out of date",
        hint: "Write RUN apt-get update && apt-get install -y … in one step.",
      };
    }
  },
});
