import type { ArgCommand } from "../../commands/command.ts";
import type { EvaluatedStage } from "../evaluate.ts";
import type { LintContext } from "../lint-context.ts";
import { slipwayRule } from "../rule.ts";

/** Arguments that mean something to builders, whether a step looks at them or not. */
const MEANINGFUL =
  /^(?:BUILDKIT_|TARGET|BUILD(?:PLATFORM|OS|OSVERSION|ARCH|VARIANT)$|SOURCE_DATE_EPOCH$|(?:https?|ftp|no|all)_proxy$)/i;

function uses(text: string, name: string): boolean {
  return new RegExp(`\\$\\{?${name}(?!\\w)`).test(text);
}

/** Whether anything behind an ARG of a stage, or in stages on it, can see it. RUN sees all. */
function isUsed(
  context: LintContext,
  name: string,
  { after, stage }: { after: number; stage: EvaluatedStage },
): boolean {
  const onIt = new Set([stage]);
  for (const each of context.stages) if (each.parent !== undefined && onIt.has(each.parent)) onIt.add(each);
  for (const { stage: each } of onIt) {
    for (const command of each.commands) {
      const { node } = command;
      if (node.span.start < after) continue;
      if (command.kind === "run") return true;
      if (node.span.start > after && uses(context.source.text.slice(node.span.start, node.span.end), name))
        return true;
      // ARG a=1 b=$a
      if (
        node.span.start === after &&
        command.kind === "arg" &&
        command.args.some(({ value }) => value && uses(value.text, name))
      )
        return true;
    }
  }
  return false;
}

export const unusedArg = slipwayRule({
  name: "UnusedArg",
  description: "Every ARG is used by something",
  *check(context) {
    const { file } = context;
    const report = (command: ArgCommand, index: number, stage?: number) => {
      const { key } = command.args[index]!;
      return {
        span: key.span,
        node: command.node,
        ...(stage === undefined ? {} : { stage }),
        message: `nothing uses the argument ${key.text}`,
        hint:
          stage === undefined
            ? "Remove it, or declare it again in the stage that wants it: arguments before FROM are for FROM."
            : "Remove it, or move it before the step that wants it.",
      };
    };
    const fromTexts = file.stages.map(({ from }) => `${from.image.text} ${from.platform?.text ?? ""}`);
    const redeclared = new Set(
      file.stages.flatMap(({ commands }) =>
        commands.flatMap((command) =>
          command.kind === "arg" ? command.args.map(({ key }) => key.text) : [],
        ),
      ),
    );
    const globalValues = file.globalArgs.flatMap(({ args }) => args.map(({ value }) => value?.text ?? ""));
    for (const command of file.globalArgs) {
      for (const [index, { key }] of command.args.entries()) {
        const name = key.text;
        if (!/^\w+$/.test(name) || MEANINGFUL.test(name) || redeclared.has(name)) continue;
        if ([...fromTexts, ...globalValues].some((text) => uses(text, name))) continue;
        yield report(command, index);
      }
    }
    for (const stage of context.stages) {
      for (const command of stage.stage.commands) {
        if (command.kind !== "arg") continue;
        for (const [index, { key }] of command.args.entries()) {
          const name = key.text;
          if (!/^\w+$/.test(name) || MEANINGFUL.test(name)) continue;
          if (!isUsed(context, name, { after: command.node.span.start, stage }))
            yield report(command, index, stage.stage.index);
        }
      }
    }
  },
});
