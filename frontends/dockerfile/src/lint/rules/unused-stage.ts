import { mountOrigin } from "../../compile/plan/stage-plans.ts";
import { slipwayRule } from "../rule.ts";

export const unusedStage = slipwayRule({
  name: "UnusedStage",
  description: "A stage without a name that nothing uses is not in the file",
  *check(context) {
    const used = new Set<string>();
    for (const stage of context.stages) {
      if (stage.parent !== undefined) used.add(String(stage.parent.stage.index));
      for (const command of stage.stage.commands) {
        if (command.kind === "copy" && command.from !== undefined) used.add(command.from.text);
        if (command.kind === "run")
          for (const mount of command.mounts) used.add(mountOrigin(mount)?.text ?? "");
      }
    }
    for (const { stage } of context.stages.slice(0, -1)) {
      // Whoever names a stage may build it with --target.
      if (stage.name !== "" || used.has(String(stage.index))) continue;
      yield {
        span: stage.from.node.span,
        node: stage.from.node,
        message: "nothing uses this stage, and it has no name to build it by",
        hint: "Name it with AS, copy from it, or remove it.",
      };
    }
  },
});
