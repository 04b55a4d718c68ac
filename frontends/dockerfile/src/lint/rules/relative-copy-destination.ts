import type { EvaluatedStage } from "../evaluate.ts";
import { slipwayRule } from "../rule.ts";

function rootOf(stage: EvaluatedStage): EvaluatedStage {
  let root = stage;
  while (root.parent !== undefined) root = root.parent;
  return root;
}

export const relativeCopyDestination = slipwayRule({
  name: "RelativeCopyDestination",
  description: "COPY and ADD go to an absolute path, or below a WORKDIR that the file sets",
  *check(context) {
    for (const stage of context.stages) {
      // The empty image's is / for certain.
      let hasWorkdir = stage.hasWorkdirAtStart || rootOf(stage).base === "scratch";
      for (const command of stage.stage.commands) {
        if (command.kind === "workdir") hasWorkdir = true;
        if (hasWorkdir || (command.kind !== "copy" && command.kind !== "add")) continue;
        const { text, isCertain } = context.expanded(command.dest);
        if (!isCertain || text.startsWith("/")) continue;
        yield {
          span: command.dest.span,
          node: command.node,
          stage: stage.stage.index,
          message: `"${text}" is below whatever the base image's WORKDIR is, which may be /`,
          hint: "Write an absolute path, or WORKDIR /folder before.",
        };
      }
    }
  },
});
