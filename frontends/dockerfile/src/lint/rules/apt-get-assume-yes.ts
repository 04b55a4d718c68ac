import { slipwayRule } from "../rule.ts";
import { flagsOf, runs, type ShellCommand } from "../shell-script.ts";

const ASKING = ["install", "upgrade", "dist-upgrade", "full-upgrade"];

/** True when apt-get would ask, which it cannot in a build. */
function mayAsk(command: ShellCommand, before: ShellCommand | undefined): boolean {
  if (!runs(command, ["apt-get", "apt"], ASKING)) return false;
  const flags = flagsOf(command);
  const isQuiet = flags.some((flag) =>
    /^(?:-[a-zA-Z]*y[a-zA-Z]*|--yes|--assume-yes|-[a-zA-Z]*qq[a-zA-Z]*|-q=2|-s|--simulate|--dry-run|--just-print|--print-uris|--help|-h)$/.test(flag),
  ); // prettier-ignore
  const isAnswered = command.operator === "|" && before !== undefined && runs(before, "yes");
  return !isQuiet && !isAnswered;
}

export const aptGetAssumeYes = slipwayRule({
  name: "AptGetAssumeYes",
  description: "apt-get install is told not to ask",
  inBuild: true,
  fixable: true,
  *check(context) {
    // Configured once for all, it need not be said again.
    if (/assume-yes["':\s]+["']?(?:true|1|yes)/i.test(context.source.text.replace(/--assume-yes/g, "")))
      return;
    for (const { command, stage } of context.commands()) {
      if (command.kind !== "run") continue;
      for (const { commands } of context.scripts(command.node)) {
        for (const [index, each] of commands.entries()) {
          if (!mayAsk(each, commands[index - 1])) continue;
          const subcommand = each.words.slice(1).find(({ text }) => ASKING.includes(text))!;
          yield {
            span: { start: each.words[0]!.span.start, end: subcommand.span.end },
            node: command.node,
            stage: stage.stage.index,
            message: `${each.words[0]!.text} ${subcommand.text} without -y asks, and gives up: nobody can answer in a build`,
            hint: "Add -y.",
            fix: {
              title: "Add -y",
              edits: [{ span: { start: subcommand.span.end, end: subcommand.span.end }, text: " -y" }],
            },
          };
        }
      }
    }
  },
});
