import { slipwayRule } from "../rule.ts";
import { flagsOf, runs } from "../shell-script.ts";

export const preferNpmCi = slipwayRule({
  name: "PreferNpmCi",
  description: "Where there is a lock file, npm ci installs what it says",
  *check(context) {
    for (const stage of context.stages) {
      let hasLock = false;
      for (const command of stage.stage.commands) {
        if (command.kind === "copy" || command.kind === "add")
          hasLock ||= command.sources.some(({ text }) => /(?:^|\/)(?:package-lock\.json|npm-shrinkwrap\.json|package\*\.json|package-\*\.json|package-lock\.json\*)$/.test(text)); // prettier-ignore
        if (command.kind !== "run" || !hasLock) continue;
        for (const script of context.scripts(command.node)) {
          for (const each of script.commands) {
            const isPlain = each.words.filter(({ text }) => !text.startsWith("-")).length === 2;
            const isGlobal = flagsOf(each).some(
              (flag) => flag === "-g" || flag === "--global" || flag.startsWith("--prefix"),
            );
            if (!runs(each, "npm", ["install", "i"]) || !isPlain || isGlobal) continue;
            yield {
              span: { start: each.words[0]!.span.start, end: each.words.at(-1)!.span.end },
              node: command.node,
              stage: stage.stage.index,
              message: "npm install may install other versions than the lock file says",
              hint: "Write npm ci, which takes the lock file as it is and fails when it does not fit.",
            };
          }
        }
      }
    }
  },
});
