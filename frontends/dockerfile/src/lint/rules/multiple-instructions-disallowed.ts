import type { StageCommand } from "../../commands/command.ts";
import { buildkitRule } from "../rule.ts";

const ONCE = new Set<StageCommand["kind"]>(["cmd", "entrypoint", "healthcheck"]);

export const multipleInstructionsDisallowed = buildkitRule({
  name: "MultipleInstructionsDisallowed",
  description: "A stage has one CMD, one ENTRYPOINT and one HEALTHCHECK at most: only the last one counts",
  *check({ file }) {
    for (const { commands, index } of file.stages) {
      const last = new Map<StageCommand["kind"], StageCommand>();
      for (const command of commands) if (ONCE.has(command.kind)) last.set(command.kind, command);
      for (const [at, command] of commands.entries()) {
        if (!ONCE.has(command.kind) || last.get(command.kind) === command) continue;
        const next = commands.slice(at + 1).find(({ kind }) => kind === command.kind);
        const name = command.kind.toUpperCase();
        yield {
          span: command.node.keyword.span,
          node: command.node,
          // BuildKit looks above the one that takes the place.
          ...(next === undefined ? {} : { otherNode: next.node }),
          stage: index,
          message: `this ${name} has no effect: a later ${name} of the stage takes its place`,
          hint: "Remove it.",
        };
      }
    }
  },
});
