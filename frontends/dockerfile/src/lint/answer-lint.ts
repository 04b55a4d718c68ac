import type { Bridge, FrontendRequest } from "@slipway/frontend-sdk";
import { InputError, normalizePlatform, WorldError } from "@slipway/oci";
import { checkFile } from "../commands/stages.ts";
import { compile, globalArgs, ignorePatterns, type CompileContext } from "../compile/compile.ts";
import { loadBuildFile } from "../compile/load-build-file.ts";
import { loadTree } from "../compile/load-tree.ts";
import { readOptions } from "../compile/options.ts";
import { resolveBases } from "../compile/resolve-bases.ts";
import { StagePlans } from "../compile/stage-plans.ts";
import type { Problem } from "../problems.ts";
import type { SubrequestAnswer } from "../subrequest.ts";
import { createRememberingParser } from "../syntax/remembering-parser.ts";
import { collectFacts } from "./collect-facts.ts";
import { fileCheckOptions, NO_CHECK_OPTIONS } from "./check-options.ts";
import type { LintFacts } from "./facts.ts";
import type { LintFinding } from "./finding.ts";
import type { RuleChoice } from "./lint-file.ts";
import { lintViolation } from "./lint-violation.ts";

/** A mistake that stops a build. */
type Mistake = Pick<Problem, "message" | "hint" | "location"> & { readonly code: string };

/**
 * Answers `frontend.lint`: the findings of all stages, and the mistakes that would stop a build. Attributes beside
 * those of a build choose the rules: `lint:set` (`build`, the default, or `check`), and lists of names with commas in
 * `lint:only`, `lint:also` and `lint:skip`. With `lint:offline=true` no image is looked up; with `auto`, a registry that does not answer is no mistake.
 * @throws InputError when there is no build file, or an attribute is wrong
 */
export async function answerLint(
  request: FrontendRequest,
  bridge: Bridge,
  signal: AbortSignal,
): Promise<SubrequestAnswer> {
  const options = readOptions(request);
  const file = await loadBuildFile(bridge, options, signal);
  const parser = createRememberingParser(bridge.memory);
  const problems: Problem[] = [];
  const scope = { bridge, options, file, platform: request.buildPlatform, signal };
  const { tree } = await loadTree(scope, { parser, problems });
  const checked = checkFile(tree, problems);
  const context: CompileContext = { request, options, file, checked, parser, bridge, signal };
  const mistakes: Mistake[] = problems.filter(({ severity }) => severity !== "warning");
  const notes: string[] = [];
  const facts: LintFacts =
    mistakes.length > 0
      ? { buildArgs: Object.fromEntries(options.buildArgs) }
      : await factsOf(context, { mistakes, notes });
  const findings = await findAll(context, { facts, choice: choiceOf(request.options), mistakes });
  const { lintAnswer } = await import("./lint-build.ts");
  return lintAnswer({ findings, mistakes, notes, source: tree.source, bytes: file.bytes });
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
  if (error instanceof InputError) return error;
  return { code: "UNEXPECTED", message: error instanceof Error ? error.message : String(error) };
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
        else mistakes.push(mistakeOf(error));
      }
    }
    const { stages, all } = plans;
    const { buildPlatform } = request;
    return collectFacts({ stages, all, options, buildPlatform, platform, ...(ignore ? { ignore } : {}) });
  } catch (error) {
    signal.throwIfAborted();
    mistakes.push(mistakeOf(error));
    return { buildArgs: Object.fromEntries(options.buildArgs), target: options.target };
  }
}
