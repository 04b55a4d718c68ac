import type { CheckedFile } from "../commands/stages.ts";
import { hasUnknownFragments } from "../syntax/unknown-fragments.ts";
import type { SourceText, Span } from "../syntax/source-text.ts";
import { NO_CHECK_OPTIONS, type CheckOptions } from "./check-options.ts";
import type { LintFacts } from "./facts.ts";
import type { LintFinding } from "./finding.ts";
import { instructionCheckOptions } from "./instruction-options.ts";
import { LintContext } from "./lint-context.ts";
import type { LintRule, Report } from "./rule.ts";
import { RULES } from "./rules.ts";

/** Which rules are checked, beside what the file says. */
export interface RuleChoice {
  /**
   * `build`: what an ordinary build looks for; `check`: all but matters of taste. Default `check`.
   */
  readonly set?: "build" | "check";
  /** Only these, whatever the set; opt-in ones included. */
  readonly only?: readonly string[];
  /** Beside the set: opt-in rules by name. */
  readonly also?: readonly string[];
  readonly skip?: readonly string[];
}

export interface LintFileOptions {
  readonly choice?: RuleChoice;
  readonly facts?: LintFacts;
  /** What the file's directive, or the build argument in its place, says. */
  readonly options?: CheckOptions;
}

/** Rules that say something of what stands elsewhere in the file, and so nothing where a part of it is not known. */
const ABOUT_THE_WHOLE: ReadonlySet<string> = new Set([
  "ArgOutOfScope",
  "BaseImageDigest",
  "HeredocWithoutErrexit",
  "InvalidDefaultArgInFrom",
  "JSONArgsRecommended",
  "PipeToShell",
  "RelativeCopyDestination",
  "RootUser",
  "UndefinedArgInFrom",
  "UndefinedVar",
  "UnpinnedBaseImage",
  "UnusedArg",
  "UnusedStage",
  "WorkdirRelativePath",
]);

/** The rules of a choice, in their order. */
export function chosenRules({ set = "check", only, also = [], skip = [] }: RuleChoice): readonly LintRule[] {
  return RULES.filter(
    (rule) =>
      !skip.includes(rule.name) &&
      (only !== undefined
        ? only.includes(rule.name)
        : also.includes(rule.name) || (rule.optIn ? false : set === "check" || rule.inBuild)),
  );
}

function isSilenced(rule: LintRule, options: CheckOptions): boolean {
  return options.skipAll || options.skip.has(rule.name);
}

function isTurnedOn(rule: LintRule, options: CheckOptions): boolean {
  return options.experimentalAll || options.experimental.has(rule.name);
}

/**
 * Checks a file. Sorted by place; each place once. Mistakes in the file are not findings: what cannot be understood is
 * left out.
 */
export function lintFile(
  file: CheckedFile,
  { choice = {}, facts = {}, options = NO_CHECK_OPTIONS }: LintFileOptions = {},
): readonly LintFinding[] {
  const context = new LintContext(file, facts);
  const wanted = new Set(chosenRules(choice));
  const isOpen = hasUnknownFragments(file.tree);
  const found: LintFinding[] = [];
  const seen = new Set<string>();
  const lines = new Map<string, readonly number[]>();
  /** An instruction of thousands of lines may have thousands of findings: its lines are listed once. */
  const linesOnce = (span: Span): readonly number[] => {
    const key = `${span.start} ${span.end}`;
    const known = lines.get(key) ?? linesOf(context.source, span);
    lines.set(key, known);
    return known;
  };
  for (const rule of RULES) {
    if (isOpen && ABOUT_THE_WHOLE.has(rule.name)) continue;
    const byName = options.experimental.has(rule.name) && choice.only === undefined;
    const isExperimental = rule.experimental === true;
    // Whoever names a rule with --rule wants it, experimental or not.
    const asked = choice.only !== undefined && wanted.has(rule);
    if (!wanted.has(rule) && !(rule.optIn && byName && choice.skip?.includes(rule.name) !== true)) continue;
    if (!isExperimental && isSilenced(rule, options)) continue;
    for (const report of rule.check(context)) {
      if (!isInScope(report, facts)) continue;
      const own = [report.node, report.otherNode].flatMap(
        (node) => (node && instructionCheckOptions(context.comments, node)) ?? [],
      );
      const isOn = isTurnedOn(rule, options) || own.some((each) => isTurnedOn(rule, each));
      if (isExperimental && !asked && !isOn) continue;
      if (own.some((each) => isSilenced(rule, each))) continue;
      const finding = findingOf(rule, report, {
        source: context.source,
        isError: options.error,
        linesOf: linesOnce,
      });
      const identity = `${rule.name} ${finding.span.start} ${finding.span.end} ${finding.message}`;
      if (seen.has(identity)) continue;
      seen.add(identity);
      found.push(finding);
    }
  }
  return found.sort((a, b) => firstLine(a) - firstLine(b) || a.span.start - b.span.start);
}

function firstLine({ lines, location }: LintFinding): number {
  return lines[0] ?? location.line;
}

function isInScope({ stage }: Report, { stages }: LintFacts): boolean {
  return stage === undefined || stages === undefined || stages.includes(stage);
}

function findingOf(
  rule: LintRule,
  report: Report,
  {
    source,
    isError,
    linesOf,
  }: { source: SourceText; isError: boolean; linesOf: (span: Span) => readonly number[] },
): LintFinding {
  const location = source.locate(report.span);
  return {
    rule: rule.name,
    severity: isError ? "error" : "warning",
    message: report.message,
    ...(report.hint === undefined ? {} : { hint: report.hint }),
    url: rule.url,
    location: report.excerpt === undefined ? location : { ...location, excerpt: report.excerpt },
    span: report.span,
    lines: report.lines ?? linesOf(report.node?.span ?? report.span),
    ...(report.fix === undefined ? {} : { fix: report.fix }),
  };
}

/** The lines of a range, in order. */
function linesOf(source: SourceText, span: Span): readonly number[] {
  const first = source.position(span.start).line;
  const last = source.position(Math.max(span.start, span.end - 1)).line;
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}
