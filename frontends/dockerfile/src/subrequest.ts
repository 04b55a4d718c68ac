import type { Bridge, FrontendRequest, FrontendResult } from "@slipway/frontend-sdk";
import { InputError } from "@slipway/oci";
import { checkFile } from "./commands/stages.ts";
import type { CompileContext } from "./compile/compile.ts";
import { loadBuildFile } from "./compile/load-build-file.ts";
import { loadTree } from "./compile/load-tree.ts";
import { readOptions } from "./compile/options.ts";
import { throwProblems, type Problem } from "./problems.ts";
import { createRememberingParser } from "./syntax/remembering-parser.ts";

/** What a question about a build file is answered with: `result.json`, `result.txt`, `version`, … */
export type SubrequestAnswer = Readonly<Record<string, Uint8Array>>;

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
  const options = readOptions(request);
  const file = await loadBuildFile(bridge, options, signal);
  const parser = createRememberingParser(bridge.memory);
  const problems: Problem[] = [];
  const scope = { bridge, options, file, platform: request.buildPlatform, signal };
  const { tree } = await loadTree(scope, { parser, problems });
  const checked = checkFile(tree, problems);
  throwProblems(problems);
  return { request, options, file, checked, parser, bridge, signal };
}
