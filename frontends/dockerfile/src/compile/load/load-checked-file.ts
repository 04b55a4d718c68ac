import type { Bridge, FrontendRequest } from "@slipway/frontend-sdk";
import { checkBases } from "../../commands/references.ts";
import { checkFile } from "../../commands/stages.ts";
import type { Problem } from "../../problems.ts";
import { createRememberingParser } from "../../syntax/remembering-parser.ts";
import type { CompileContext } from "../compile-context.ts";
import { loadBuildFile } from "./load-build-file.ts";
import { loadTree } from "./load-tree.ts";
import { readOptions } from "../options.ts";

/**
 * Loads the build file that a request names, with all fragments, and checks it.
 * @param scope.problems gets the mistakes of the file; nothing is thrown for them
 * @throws InputError when there is no build file, or an option is wrong
 */
export async function loadCheckedFile(
  request: FrontendRequest,
  bridge: Bridge,
  { problems, signal }: { readonly problems: Problem[]; readonly signal: AbortSignal },
): Promise<CompileContext> {
  const options = readOptions(request);
  const file = await loadBuildFile(bridge, options, signal);
  const parser = createRememberingParser(bridge.memory);
  const scope = { bridge, options, file, platform: request.buildPlatform, signal };
  const { tree, commits } = await loadTree(scope, { parser, problems });
  const checked = checkFile(tree, problems);
  checkBases(checked, problems);
  return { request, options, file, checked, commits, parser, bridge, signal };
}
