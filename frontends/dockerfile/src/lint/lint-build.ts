import type { Diagnostic } from "@slipway/frontend-sdk";
import type { CheckedFile } from "../commands/stages.ts";
import type { CheckOptions } from "./check-options.ts";
import type { LintFacts } from "./facts.ts";
import type { LintFinding } from "./finding.ts";
import { lintFile, type RuleChoice } from "./lint-file.ts";
import type { BuildFindings } from "./build-findings.ts";
import { BUILDKIT_RULES } from "./rules.ts";

const BUILDKIT_NAMES = new Set(BUILDKIT_RULES.map(({ name }) => name));

// The way in to the rules for builds: a module of its own in the published command, which most builds do not load. So
// nothing here throws, or asks for the class of, errors that others catch.

export { lintAnswer } from "./lint-answer.ts";

export interface PlatformLintOptions {
  /** What is known of the build, once for each platform. */
  readonly facts: readonly LintFacts[];
  readonly choice: RuleChoice;
  readonly options: CheckOptions;
}

/** Checks a file for each platform of a build; each finding comes once. */
export function lintForPlatforms(
  checked: CheckedFile,
  { facts, choice, options }: PlatformLintOptions,
): readonly LintFinding[] {
  const found = new Map<string, LintFinding>();
  for (const each of facts) {
    for (const finding of lintFile(checked, { choice, facts: each, options }))
      found.set(`${finding.rule} ${finding.span.start} ${finding.span.end} ${finding.message}`, finding);
  }
  return [...found.values()];
}

/**
 * Rules of our own never fail a build: what builds elsewhere builds here.
 * @returns names of the rules that do
 */
export function violatedRules(findings: readonly LintFinding[]): readonly string[] {
  const failing = findings.filter(({ severity, rule }) => severity === "error" && BUILDKIT_NAMES.has(rule));
  return [...new Set(failing.map(({ rule }) => rule))];
}

/** What an ordinary build says of its file. */
export function lintBuild(checked: CheckedFile, options: Omit<PlatformLintOptions, "choice">): BuildFindings {
  const findings = lintForPlatforms(checked, { ...options, choice: { set: "build" } });
  const violated = violatedRules(findings);
  return { diagnostics: findings.map((finding) => diagnosticOf(finding, violated)), violated };
}

function diagnosticOf(finding: LintFinding, violated: readonly string[]): Diagnostic {
  return {
    severity: violated.includes(finding.rule) ? "error" : "warning",
    code: finding.rule,
    message: finding.message,
    ...(finding.hint === undefined ? {} : { hint: finding.hint }),
    url: finding.url,
    location: finding.location,
  };
}
