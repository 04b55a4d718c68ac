import type { Bridge, FrontendOutput, FrontendRequest, FrontendResult } from "@slipway/frontend-sdk";
import { InputError } from "@slipway/oci";
import { otherReferences } from "./commands/references.ts";
import type { CheckedFile } from "./commands/stages.ts";
import { compile } from "./compile/compile.ts";
import { loadCheckedFile } from "./compile/load/load-checked-file.ts";
import { collectFacts, type PlannedFile } from "./lint/collect-facts.ts";
import type { LintFacts } from "./lint/facts.ts";
import { findingsOfBuild } from "./lint/remembering-lint.ts";
import { throwProblems, type Problem } from "./problems.ts";

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
  const problems: Problem[] = [];
  const loaded = await loadCheckedFile(request, bridge, { problems, signal });
  const { checked } = loaded;
  throwProblems(problems);
  const deferred = problems.filter(
    ({ inNeededStages, severity }) => inNeededStages && severity !== "warning",
  );
  for (const problem of problems) if (!deferred.includes(problem)) warn(bridge, problem);
  const outputs: FrontendOutput[] = [];
  const facts: LintFacts[] = [];
  const onPlanned = (planned: PlannedFile): void => void facts.push(collectFacts(planned));
  for (const platform of request.platforms) {
    signal.throwIfAborted();
    try {
      outputs.push(await compile({ ...loaded, onPlanned }, platform));
    } catch (error) {
      throw withDeferred(withOtherReferences(error, checked), deferred);
    }
  }
  // In stages that nothing needs they are no more than odd.
  for (const problem of deferred) warn(bridge, problem);
  await tellFindings(checked, facts, bridge);
  return { outputs };
}

function warn(bridge: Bridge, { code, message, hint, location }: Problem): void {
  bridge.warn({
    severity: "warning",
    code,
    message,
    ...(hint === undefined ? {} : { hint }),
    ...(location === undefined ? {} : { location }),
  });
}

/** Adds the mistakes that were left to compiling to the one that it met. */
function withDeferred(error: unknown, deferred: readonly Problem[]): unknown {
  if (!(error instanceof InputError) || deferred.length === 0) return error;
  const { code, message, hint, location, data } = error;
  const known = (data as { readonly others?: readonly Problem[] } | undefined)?.others ?? [];
  const others = deferred.filter(
    (problem) => problem.message !== message || problem.location?.line !== location?.line,
  );
  if (others.length === 0) return error;
  const more = { ...(hint === undefined ? {} : { hint }), location, cause: error };
  return new InputError(code, message, { ...more, data: { ...data, others: [...known, ...others] } });
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
function withOtherReferences(error: unknown, checked: CheckedFile): unknown {
  if (!(error instanceof InputError)) return error;
  const others = otherReferences(error, checked);
  if (others.length === 0) return error;
  const { code, message, hint, location, data } = error;
  const more = { ...(hint === undefined ? {} : { hint }), location, data: { ...data, others }, cause: error };
  return new InputError(code, message, more);
}
