import type { Bridge, FrontendOutput, FrontendRequest, FrontendResult } from "@slipway/frontend-sdk";
import { InputError } from "@slipway/oci";
import { checkBases, checkReferences } from "./commands/references.ts";
import { checkFile, type CheckedFile } from "./commands/stages.ts";
import { compile } from "./compile/compile.ts";
import { loadBuildFile } from "./compile/load-build-file.ts";
import { loadTree } from "./compile/load-tree.ts";
import { readOptions } from "./compile/options.ts";
import { collectFacts, type PlannedFile } from "./lint/collect-facts.ts";
import type { LintFacts } from "./lint/facts.ts";
import { findingsOfBuild } from "./lint/remembering-lint.ts";
import { throwProblems, type Problem } from "./problems.ts";
import { createRememberingParser } from "./syntax/remembering-parser.ts";

/** Loads, parses, checks and compiles a Dockerfile for every platform of a request, or answers a question about it. */
export async function build(
  request: FrontendRequest,
  bridge: Bridge,
  signal: AbortSignal,
): Promise<FrontendResult> {
  if (request.options["requestid"]) {
    const { answerSubrequest } = await import("./subrequest.ts");
    return answerSubrequest(request, bridge, signal);
  }
  const options = readOptions(request);
  const file = await loadBuildFile(bridge, options, signal);
  const parser = createRememberingParser(bridge.memory);
  const problems: Problem[] = [];
  const scope = { bridge, options, file, platform: request.buildPlatform, signal };
  const { tree, commits } = await loadTree(scope, { parser, problems });
  const checked = checkFile(tree, problems);
  checkBases(checked, problems);
  throwProblems(problems);
  for (const { severity = "warning", ...problem } of problems) bridge.warn({ severity, ...problem });
  const outputs: FrontendOutput[] = [];
  const facts: LintFacts[] = [];
  const onPlanned = (planned: PlannedFile): void => void facts.push(collectFacts(planned));
  for (const platform of request.platforms) {
    signal.throwIfAborted();
    const context = { request, options, file, checked, commits, parser, bridge, signal, onPlanned };
    try {
      outputs.push(await compile(context, platform));
    } catch (error) {
      throw await withOthers(error, checked);
    }
  }
  await tellFindings(checked, facts, bridge);
  return { outputs };
}

/** Warns of what rules find. @throws InputError `LINT_VIOLATION` when the file asks for it */
async function tellFindings(
  checked: CheckedFile,
  facts: readonly LintFacts[],
  bridge: Bridge,
): Promise<void> {
  const { diagnostics, violated } = await findingsOfBuild(checked, facts, bridge.memory);
  for (const diagnostic of diagnostics) bridge.warn(diagnostic);
  if (violated.length === 0) return;
  const { lintViolation } = await import("./lint/lint-violation.ts");
  throw lintViolation(violated, diagnostics);
}

/** Adds the other references between stages that lead nowhere to an error about one. */
async function withOthers(error: unknown, checked: CheckedFile): Promise<unknown> {
  if (!(error instanceof InputError) || !/^STAGE_/.test(error.code) || error.location === undefined)
    return error;
  const problems: Problem[] = [];
  checkReferences(checked, problems);
  const others = problems.filter(
    ({ severity, location }) => severity !== "warning" && location?.line !== error.location?.line,
  );
  if (others.length === 0) return error;
  const { code, message, hint, location, data } = error;
  const more = { ...(hint === undefined ? {} : { hint }), location, data: { ...data, others }, cause: error };
  return new InputError(code, message, more);
}
