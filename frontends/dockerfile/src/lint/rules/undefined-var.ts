import { buildkitRule, type Report } from "../rule.ts";
import type { EvaluatedStage } from "../evaluate.ts";
import { expandedWords, type Expandable } from "../expanded-words.ts";
import type { LintContext } from "../lint-context.ts";
import type { StageCommand } from "../../commands/command.ts";
import { variableSpan } from "../variable-span.ts";

/** The words whose variables BuildKit looks at: those of EXPOSE are not among them. */
function wordsOf(command: StageCommand): readonly (Expandable | undefined)[] {
  if (command.kind === "arg") return command.args.map(({ value }) => value);
  return command.kind === "expose" ? [] : expandedWords(command);
}

function* undefinedIn(
  context: LintContext,
  word: Expandable,
  { command, stage }: { readonly command: StageCommand; readonly stage: EvaluatedStage },
): Iterable<Report> {
  const { undefinedNames, nearest, isCertain } = context.expanded(word);
  if (!isCertain) return;
  for (const name of undefinedNames) {
    const near = nearest.get(name);
    const span = variableSpan(context.source, "body" in word ? word.body : word.span, name);
    const place = { span, node: command.node, stage: stage.stage.index };
    const message = `the variable ${name} is not set`;
    if (near === undefined) {
      yield {
        ...place,
        message,
        hint: `Declare it in this stage: ARG ${name}, or ENV ${name}=value. To mean a dollar sign, write the escape character before it.`,
      };
      continue;
    }
    const written = context.source.text.slice(span.start, span.end);
    yield {
      ...place,
      message,
      hint: `Did you mean $${near}?`,
      ...(written.endsWith(name)
        ? {
            fix: {
              title: `Write ${near}`,
              edits: [{ span: { start: span.end - name.length, end: span.end }, text: near }],
              unsure: true as const,
            },
          }
        : {}),
    };
  }
}

export const undefinedVar = buildkitRule({
  name: "UndefinedVar",
  description: "Variables are set before they are used",
  *check(context) {
    for (const each of context.commands()) {
      for (const word of wordsOf(each.command))
        if (word !== undefined) yield* undefinedIn(context, word, each);
    }
  },
});
