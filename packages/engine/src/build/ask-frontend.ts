import { InputError } from "@slipway/oci";
import type { BuildContext, BuildRequest, CompiledPlatform } from "../contracts.ts";
import type { BuildServices } from "./build-services.ts";
import { openBuild } from "./open-build.ts";

/** Runs the frontend only. */
export async function compile(
  services: BuildServices,
  request: BuildRequest,
  context: BuildContext,
): Promise<readonly CompiledPlatform[]> {
  const { compiled } = await openBuild(services, request, context);
  return compiled.outputs.map(({ platform, definition }) => ({ platform, definition }));
}

/** Asks the frontend about the build file. @throws InputError `SUBREQUEST_UNSUPPORTED` */
export async function call(
  services: BuildServices,
  request: BuildRequest,
  context: BuildContext,
): Promise<Readonly<Record<string, Uint8Array>>> {
  const { compiled } = await openBuild(services, request, context);
  if (compiled.metadata !== undefined && compiled.outputs.length === 0) return compiled.metadata;
  const asked = request.options["requestid"] ?? "";
  throw new InputError("SUBREQUEST_UNSUPPORTED", `the frontend does not answer "${asked}"`, {
    hint: "It may be a language without such tools; build the file instead.",
  });
}
