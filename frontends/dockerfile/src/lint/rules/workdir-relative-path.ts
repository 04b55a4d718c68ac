import { buildkitRule } from "../rule.ts";

export const workdirRelativePath = buildkitRule({
  name: "WorkdirRelativePath",
  description: "The first WORKDIR of a stage is an absolute path",
  *check(context) {
    for (const stage of context.stages) {
      if (stage.hasWorkdirAtStart) continue;
      for (const command of stage.stage.commands) {
        if (command.kind !== "workdir") continue;
        const { text, isCertain } = context.expanded(command.text);
        if (isCertain && !text.startsWith("/")) {
          yield {
            span: command.text.span,
            node: command.node,
            stage: stage.stage.index,
            message: `the folder "${text}" is relative to whatever the base image's WORKDIR is`,
            hint: "Write an absolute path: the base image may change.",
          };
        }
        // What follows is relative to this one.
        break;
      }
    }
  },
});
