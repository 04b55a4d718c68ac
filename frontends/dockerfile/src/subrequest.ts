import type { Bridge, FrontendRequest, FrontendResult } from "@slipway/frontend-sdk";
import { InputError } from "@slipway/oci";
import type { CompileContext } from "./compile/compile-context.ts";
import { loadCheckedFile } from "./compile/load/load-checked-file.ts";
import { throwProblems, type Problem } from "./problems.ts";
import type { SubrequestAnswer } from "./subrequest-answer.ts";

/**
 * Answers a request that has a `requestid`: a question about the build file instead of a build.
 * @throws InputError `SUBREQUEST_UNSUPPORTED`, and for mistakes in the file whatever a build would throw; only
 * `frontend.lint` tells of those in its answer.
 * @see facts of BuildKit's wire, "Subrequests"
 */
export async function answerSubrequest(
  request: FrontendRequest,
  bridge: Bridge,
  signal: AbortSignal,
): Promise<FrontendResult> {
  return { outputs: [], metadata: await answer(request, bridge, signal) };
}

async function answer(
  request: FrontendRequest,
  bridge: Bridge,
  signal: AbortSignal,
): Promise<SubrequestAnswer> {
  const id = request.options["requestid"] ?? "";
  switch (id) {
    case "frontend.subrequests.describe":
      return (await import("./describe-subrequests.ts")).describeSubrequests();
    case "frontend.lint":
      return (await import("./lint/answer-lint.ts")).answerLint(request, bridge, signal);
    case "frontend.outline": {
      const { answerOutline } = await import("./outline/answer.ts");
      return answerOutline(await checkedContext(request, bridge, signal));
    }
    case "frontend.targets": {
      const { answerTargets } = await import("./outline/answer.ts");
      return answerTargets(await checkedContext(request, bridge, signal));
    }
    default:
      throw new InputError("SUBREQUEST_UNSUPPORTED", `the Dockerfile frontend does not answer "${id}"`, {
        hint: "It answers frontend.lint, frontend.outline, frontend.targets and frontend.subrequests.describe.",
      });
  }
}

/** The build file, loaded and checked. @throws InputError for mistakes in it */
async function checkedContext(
  request: FrontendRequest,
  bridge: Bridge,
  signal: AbortSignal,
): Promise<CompileContext> {
  const problems: Problem[] = [];
  const context = await loadCheckedFile(request, bridge, { problems, signal });
  throwProblems(problems);
  return context;
}
