import type { BuildRequest, Engine } from "@slipway/engine";
import type { BuildFlags, EngineFlags } from "../flags/build-flags.ts";
import { resolveBuildInputs } from "../flags/build-inputs.ts";
import { frontendOptions, requestedPlatforms, sourceDateEpochSeconds } from "../flags/frontend-options.ts";
import type { Host } from "../host.ts";
import { interruptible } from "../interrupt.ts";
import { openEngine } from "./open-engine.ts";

/** What a command works with that does something else with a build file than building it. */
export interface OpenRequest {
  readonly engine: Engine;
  readonly request: BuildRequest;
  readonly signal: AbortSignal;
}

/**
 * Opens an engine and hands it over with the request that the command line describes, without exports; closes it, and
 * what the request lends, when `use` has ended.
 * @throws UsageError, and whatever `use` throws
 */
export async function withRequest<T>(
  { context, flags }: { readonly context: string; readonly flags: BuildFlags & EngineFlags },
  io: Host,
  use: (open: OpenRequest) => Promise<T>,
): Promise<T> {
  const options = frontendOptions(flags, io.env);
  const platforms = requestedPlatforms(flags.platform);
  const inputs = await resolveBuildInputs(context, flags, io);
  const forgetCleanUp = io.onExit(inputs.cleanUp);
  try {
    return await interruptible(io, async (signal) => {
      const engine = await openEngine(flags, io);
      try {
        const epoch = sourceDateEpochSeconds(options);
        const request: BuildRequest = {
          ...(flags.frontend ? { frontend: flags.frontend } : {}),
          options: { ...options, ...inputs.options },
          platforms,
          ...inputs.lent,
          exports: [],
          ...(epoch === undefined ? {} : { sourceDateEpochSeconds: epoch }),
          cwd: io.cwd,
          stdout: io.stdout,
        };
        return await use({ engine, request, signal });
      } finally {
        await engine.close();
      }
    });
  } finally {
    forgetCleanUp();
    inputs.cleanUp();
  }
}
