import type { ArgCommand } from "../../commands/command.ts";
import type { EvaluatedStage } from "../evaluate.ts";
import type { LintContext } from "../lint-context.ts";
import { slipwayRule, type Report } from "../rule.ts";

/** Arguments that mean something to builders, whether a step looks at them or not. */
const MEANINGFUL =
  /^(?:BUILDKIT_|TARGET|BUILD(?:PLATFORM|OS|OSVERSION|ARCH|VARIANT)$|SOURCE_DATE_EPOCH$|(?:https?|ftp|no|all)_proxy$)/i;

function isOrdinary(name: string): boolean {
  return /^\w+$/.test(name) && !MEANINGFUL.test(name);
}

/** The names of variables in a text. */
function* namesIn(text: string): Iterable<string> {
  for (const [, name] of text.matchAll(/\$\{?(\w+)/g)) yield name!;
}

/** Where the variables of a stage are looked at last. */
interface StageUses {
  /** Number of the last instruction of the stage that looks at a name; half a number behind for an ARG that looks at itself. */
  readonly last: ReadonlyMap<string, number>;
  /** Offset of the last RUN, which sees all of them; -1 for none. */
  readonly lastRun: number;
}

function usesOf({ stage }: EvaluatedStage, context: LintContext): StageUses {
  const last = new Map<string, number>();
  let lastRun = -1;
  // Fragments stand behind the file, so that offsets say nothing of the order.
  for (const [number, command] of stage.commands.entries()) {
    const { span } = command.node;
    if (command.kind === "run") lastRun = number;
    if (command.kind === "arg") {
      for (const [index, { value }] of command.args.entries()) {
        // In ARG a=1 b=$a the later one looks at the one before it.
        for (const name of namesIn(value?.text ?? "")) last.set(name, number + (index > 0 ? 0.5 : 0));
      }
    } else
      for (const name of namesIn(context.source.text.slice(span.start, span.end))) last.set(name, number);
  }
  return { last, lastRun };
}

function report(command: ArgCommand, index: number, stage?: number): Report {
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
}

function* unusedGlobals({ file }: LintContext): Iterable<Report> {
  const used = new Set<string>();
  for (const { from, commands } of file.stages) {
    for (const name of namesIn(`${from.image.text} ${from.platform?.text ?? ""}`)) used.add(name);
    for (const command of commands)
      if (command.kind === "arg") for (const { key } of command.args) used.add(key.text);
  }
  for (const { args } of file.globalArgs)
    for (const { value } of args) for (const name of namesIn(value?.text ?? "")) used.add(name);
  for (const command of file.globalArgs) {
    for (const [index, { key }] of command.args.entries())
      if (isOrdinary(key.text) && !used.has(key.text)) yield report(command, index);
  }
}

/** Stages that others with a RUN are based on, whose steps see its arguments; and those that others are based on at all. */
function stagesBelow(stages: readonly EvaluatedStage[], uses: ReadonlyMap<EvaluatedStage, StageUses>) {
  const belowRun = new Set<EvaluatedStage>();
  const bases = new Set<EvaluatedStage>();
  // Stages are based on stages before them, so that what is on a stage has been seen when it comes.
  for (const stage of [...stages].reverse()) {
    if (stage.parent === undefined) continue;
    bases.add(stage.parent);
    if (belowRun.has(stage) || uses.get(stage)!.lastRun >= 0) belowRun.add(stage.parent);
  }
  return { belowRun, bases };
}

function* unusedInStages(context: LintContext): Iterable<Report> {
  const uses = new Map(context.stages.map((stage) => [stage, usesOf(stage, context)]));
  const { belowRun, bases } = stagesBelow(context.stages, uses);
  const everywhere = new Set([...uses.values()].flatMap(({ last }) => [...last.keys()]));
  for (const stage of context.stages) {
    const { last, lastRun } = uses.get(stage)!;
    for (const [number, command] of stage.stage.commands.entries()) {
      if (command.kind !== "arg" || belowRun.has(stage)) continue;
      if (lastRun > number) continue;
      for (const [index, { key }] of command.args.entries()) {
        const isUsed = (last.get(key.text) ?? -1) > number || (bases.has(stage) && everywhere.has(key.text));
        if (isOrdinary(key.text) && !isUsed) yield report(command, index, stage.stage.index);
      }
    }
  }
}

export const unusedArg = slipwayRule({
  name: "UnusedArg",
  description: "Every ARG is used by something",
  *check(context) {
    yield* unusedGlobals(context);
    yield* unusedInStages(context);
  },
});
