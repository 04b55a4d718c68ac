import type { Bridge, FrontendRequest } from "@slipway/frontend-sdk";
import { InputError, normalizePlatform, WorldError } from "@slipway/oci";
import type { CheckedFile } from "../commands/stages.ts";
import { checkReferences, otherReferences } from "../commands/references.ts";
import { compile, globalArgs, ignorePatterns } from "../compile/compile.ts";
import type { CompileContext } from "../compile/compile-context.ts";
import { loadCheckedFile } from "../compile/load/load-checked-file.ts";
import { resolveBases } from "../compile/plan/resolve-bases.ts";
import { StagePlans } from "../compile/plan/stage-plans.ts";
import { sortProblems, type Problem } from "../problems.ts";
import type { SubrequestAnswer } from "../subrequest-answer.ts";
import { collectFacts } from "./collect-facts.ts";
import { fileCheckOptions, NO_CHECK_OPTIONS } from "./check-options.ts";
import type { LintFacts } from "./facts.ts";
import type { LintFinding } from "./finding.ts";
import type { RuleChoice } from "./lint-file.ts";
import { lintViolation } from "./lint-violation.ts";

/** A mistake that stops a build. */
type Mistake = Pick<Problem, "message" | "hint" | "location"> & { readonly code: string };

/**
 * Answers `frontend.lint`: the findings of all stages, what a build would warn of, and the mistakes that would stop it. Attributes beside
 * those of a build choose the rules: `lint:set` (`build`, the default, or `check`), and lists of names with commas in
 * `lint:only`, `lint:also` and `lint:skip`. With `lint:offline=true` no image is looked up; with `auto`, a registry that does not answer is no mistake.
 * @throws InputError when there is no build file, or an attribute is wrong
 */
export async function answerLint(
  request: FrontendRequest,
  bridge: Bridge,
  signal: AbortSignal,
): Promise<SubrequestAnswer> {
  const problems: Problem[] = [];
  const context = await loadCheckedFile(request, bridge, { problems, signal });
  const { options, file, checked } = context;
  const mistakes: Mistake[] = problems.filter(({ severity }) => severity !== "warning");
  const notes: string[] = [];
  const facts: LintFacts =
    mistakes.length > 0
      ? { buildArgs: Object.fromEntries(options.buildArgs) }
      : await factsOf(context, { mistakes, notes });
  const choice = choiceOf(request.options);
  const findings = await findAll(context, { facts, choice, mistakes });
  // Whoever asks for certain rules wants to hear of those.
  const warnings = choice.only === undefined ? warningsOf(context, problems) : [];
  const { lintAnswer } = await import("./lint-build.ts");
  return lintAnswer({ findings, warnings, mistakes, notes, source: checked.tree.source, bytes: file.bytes });
}

/** What is probably wrong without a rule that says so: mistakes in triggers, names that are nearly those of a stage. */
function warningsOf({ checked, options }: CompileContext, problems: readonly Problem[]): readonly Problem[] {
  const references: Problem[] = [];
  // A named context may give any name a meaning.
  if (options.namedContexts.size === 0) checkReferences(checked, references);
  return sortProblems([...problems, ...references].filter(({ severity }) => severity === "warning"));
}

function namesOf(value: string | undefined): readonly string[] | undefined {
  return value === undefined ? undefined : value.split(",").filter((name) => name !== "");
}

function choiceOf(options: FrontendRequest["options"]): RuleChoice {
  const only = namesOf(options["lint:only"]);
  return {
    set: options["lint:set"] === "check" ? "check" : "build",
    ...(only === undefined ? {} : { only }),
    also: namesOf(options["lint:also"]) ?? [],
    skip: namesOf(options["lint:skip"]) ?? [],
  };
}

/** The findings; a wrong check directive and violations of `error=true` are mistakes. */
async function findAll(
  { checked, options: { buildArgs } }: CompileContext,
  { facts, choice, mistakes }: { facts: LintFacts; choice: RuleChoice; mistakes: Mistake[] },
): Promise<readonly LintFinding[]> {
  const { lintForPlatforms, violatedRules } = await import("./lint-build.ts");
  let options = NO_CHECK_OPTIONS;
  try {
    options = fileCheckOptions(checked.tree, buildArgs.get("BUILDKIT_DOCKERFILE_CHECK"));
  } catch (error) {
    mistakes.push(mistakeOf(error));
  }
  const findings = lintForPlatforms(checked, { facts: [facts], choice, options });
  const violated = violatedRules(findings);
  if (violated.length > 0 && mistakes.length === 0)
    mistakes.push(
      lintViolation(
        violated,
        findings.map(({ rule, location }) => ({ code: rule, location })),
      ),
    );
  return findings;
}

function mistakeOf(error: unknown): Mistake {
  if (error instanceof InputError || error instanceof WorldError) return error;
  return { code: "UNEXPECTED", message: error instanceof Error ? error.message : String(error) };
}

/** With a reference between stages that leads nowhere, the others like it. */
function mistakesOf(error: unknown, checked: CheckedFile): readonly Mistake[] {
  const mistake = mistakeOf(error);
  return [mistake, ...otherReferences(mistake, checked)];
}

/** Tries everything that a build would do before its first step, and takes down what cannot be done. */
async function factsOf(
  context: CompileContext,
  { mistakes, notes }: { mistakes: Mistake[]; notes: string[] },
): Promise<LintFacts> {
  const { request, options, checked, signal } = context;
  const platform = normalizePlatform(request.platforms[0]!);
  const offline = request.options["lint:offline"];
  try {
    const ignore = context.file.remote === undefined ? await ignorePatterns(context) : undefined;
    const plans = new StagePlans(checked, options, {
      globals: globalArgs(context, platform),
      target: platform,
    });
    if (offline !== "true") {
      try {
        for (const plan of plans.stages) await resolveBases(plan, { ...context, plans, platform });
        await compile(context, platform);
      } catch (error) {
        signal.throwIfAborted();
        // A registry that is down, or a machine without a network, is not the file's fault.
        if (offline === "auto" && error instanceof WorldError)
          notes.push(`rules that need base images keep silent: ${error.message}`);
        else mistakes.push(...mistakesOf(error, checked));
      }
    }
    const { stages, all } = plans;
    const { buildPlatform } = request;
    return collectFacts({ stages, all, options, buildPlatform, platform, ...(ignore ? { ignore } : {}) });
  } catch (error) {
    signal.throwIfAborted();
    mistakes.push(...mistakesOf(error, checked));
    return { buildArgs: Object.fromEntries(options.buildArgs), target: options.target };
  }
}
