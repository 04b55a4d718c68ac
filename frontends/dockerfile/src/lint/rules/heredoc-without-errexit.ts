import { slipwayRule } from "../rule.ts";
import { runs } from "../shell-script.ts";

/** Commands that do not fail, or whose failure nobody minds. */
const HARMLESS = [
  "echo",
  "printf",
  "true",
  ":",
  "export",
  "set",
  "fi",
  "done",
  "esac",
  "local",
  "trap",
  "shift",
];

export const heredocWithoutErrexit = slipwayRule({
  name: "HeredocWithoutErrexit",
  description: "A script in a here-document stops at the first command that fails",
  inBuild: true,
  *check(context) {
    for (const stage of context.stages) {
      let stops = false;
      for (const command of stage.stage.commands) {
        if (command.kind === "shell") stops = command.shell.some((word) => /^-\w*e\w*$|errexit/.test(word));
        if (command.kind !== "run" || stops) continue;
        const script = context.scripts(command.node).find(({ kind }) => kind === "heredoc");
        const heredoc = command.node.heredocs[0];
        if (script === undefined || heredoc === undefined) continue;
        const line = context.source.text.slice(command.node.span.start, heredoc.span.end);
        const sets = /\bset\s+(?:-\w+\s+)*-\w*e|\berrexit\b|^\s*#!.*\s-\w*e/m;
        if (sets.test(script.text) || /\s-\w*e\w*\s/.test(` ${line.replace(/^\S+\s+/, "")} `)) continue;
        // The last command's failure is the script's.
        const unguarded = script.commands.slice(0, -1).find((each, index) => {
          const next = script.commands[index + 1]!.operator;
          return (next === "\n" || next === ";") && !runs(each, HARMLESS) && each.words[0]!.text !== "";
        });
        if (unguarded === undefined) continue;
        yield {
          span: { start: unguarded.words[0]!.span.start, end: unguarded.words.at(-1)!.span.end },
          node: command.node,
          stage: stage.stage.index,
          message: `when ${unguarded.words[0]!.text} fails, the script goes on and the step succeeds`,
          hint: "Begin the script with set -e.",
        };
      }
    }
  },
});
