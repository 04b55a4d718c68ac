import { runs } from "../shell-script.ts";
import { slipwayRule } from "../rule.ts";

const FETCHERS = ["curl", "wget"];
// An unpacker that gets half an archive fails by itself.
const READERS = ["sh", "bash", "dash", "zsh", "ash", "python", "python3", "perl", "ruby", "node"];

export const pipeToShell = slipwayRule({
  name: "PipeToShell",
  description: "A download that fails in a pipe fails the step",
  *check(context) {
    for (const stage of context.stages) {
      let hasPipefail = false;
      for (const command of stage.stage.commands) {
        if (command.kind === "shell") hasPipefail = command.shell.some((word) => /pipefail/.test(word));
        if (command.kind !== "run" || hasPipefail) continue;
        for (const script of context.scripts(command.node)) {
          if (/\bpipefail\b/.test(script.text)) continue;
          for (const [index, each] of script.commands.entries()) {
            const before = script.commands[index - 1];
            if (
              each.operator !== "|" ||
              before === undefined ||
              !runs(before, FETCHERS) ||
              !runs(each, READERS)
            )
              continue;
            yield {
              span: { start: before.words[0]!.span.start, end: each.words.at(-1)!.span.end },
              node: command.node,
              stage: stage.stage.index,
              message: `when ${before.words[0]!.text} fails, the step goes on: only the last command of a pipe counts`,
              hint: 'Set SHELL ["/bin/bash", "-o", "pipefail", "-c"] before, or fetch the file with ADD --checksum=… and run it.',
            };
          }
        }
      }
    }
  },
});
