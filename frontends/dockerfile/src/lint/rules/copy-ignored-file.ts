import type { CopyCommand } from "../../commands/command.ts";
import { cleanPath } from "../../compile/paths.ts";
import { ignoresWholly } from "../ignore-patterns.ts";
import { buildkitRule } from "../rule.ts";

/** True for what ADD fetches from elsewhere. */
function isRemote(source: string): boolean {
  return /^(?:https?|git|ssh|ftp):\/\//i.test(source) || /^[\w.-]+@[\w.-]+:/.test(source);
}

function isFromContext(command: CopyCommand): boolean {
  return command.from === undefined;
}

export const copyIgnoredFile = buildkitRule({
  name: "CopyIgnoredFile",
  description: "COPY and ADD take no files that the ignore file keeps out of the context",
  *check(context) {
    const { ignore } = context.facts;
    if (ignore === undefined || ignore.patterns.length === 0) return;
    for (const { command, stage } of context.commands()) {
      if ((command.kind !== "copy" && command.kind !== "add") || !isFromContext(command)) continue;
      for (const [index, source] of command.sources.entries()) {
        if (command.heredocs[index] !== undefined) continue;
        const { text, isCertain } = context.expanded(source);
        if (!isCertain || text === "" || isRemote(text)) continue;
        const path = cleanPath(`/${text}`).slice(1) || ".";
        if (!ignoresWholly(ignore.patterns, path)) continue;
        yield {
          span: source.span,
          node: command.node,
          stage: stage.stage.index,
          message: `${command.kind.toUpperCase()} takes "${path}", which ${ignore.file} keeps out of the context`,
          hint: `Take it back with a line !${path} in ${ignore.file}, or copy something else.`,
        };
      }
    }
  },
});
