import type { ExporterResponse } from "@slipway/engine-sdk";
import { createImageResolver, createLocalSource } from "@slipway/sources";
import type { BuildContext, BuildOutcome, BuildRequest } from "../contracts.ts";
import { createExportRef } from "../export/export-ref.ts";
import { prepareExports } from "../export/prepare-exports.ts";
import type { BuildServices } from "./build-services.ts";
import { buildKey, recallBuild, replayProgress, type SolvedOutput } from "./remembered-build.ts";

/** From request to artifacts. When it rejects, nothing of the build runs any more. */
export async function runBuild(
  services: BuildServices,
  request: BuildRequest,
  context: BuildContext,
): Promise<BuildOutcome> {
  const { store, registry } = services;
  const ending = new AbortController();
  const signal = AbortSignal.any([context.signal, ending.signal]);
  const images = createImageResolver({ store, registry });
  const local = createLocalSource({ store, folders: request.localDirs });
  const key = buildKey(request, services.codeIdentity);
  const recalling = key === undefined ? undefined : recallBuild(key, { store, images, local }, signal);
  // Told below, when nothing else failed before.
  recalling?.catch(() => undefined);
  const exports = await prepareExports(request.exports, {
    extra: services.exporters,
    services: services.exporterServices,
  });

  const remembered = await recalling;
  if (remembered !== undefined) {
    replayProgress(remembered.events, context.progress);
    return { response: await write(remembered.outputs), warnings: remembered.warnings };
  }
  // Loaded only now: a build that is remembered needs no frontend and no solver.
  const { solveBuild } = await import("./solve-build.ts");
  const onFailure = (error: unknown): void => ending.abort(error);
  const wantedBlobs = exports.find(({ prepared }) => prepared.wantsBlobs)?.prepared.wantsBlobs;
  try {
    const { progress } = context;
    const build = await solveBuild(services, request, {
      signal,
      progress,
      images,
      key,
      wantedBlobs,
      onFailure,
    });
    try {
      return { response: await write(build.outputs), warnings: build.warnings };
    } catch (error) {
      onFailure(error);
      throw error;
    } finally {
      await build.settled();
    }
  } finally {
    store.layers.forgetHost();
  }

  async function write(outputs: readonly SolvedOutput[]): Promise<ExporterResponse> {
    const response: Record<string, unknown> = {};
    for (const { prepared } of exports) {
      const answer = await prepared.write({
        results: outputs.map(({ platform, ref, config }) => ({
          platform,
          ref: createExportRef(store, ref, { signal }),
          ...(config ? { config } : {}),
        })),
        signal,
        progress: context.progress,
        get stdout() {
          return request.stdout;
        },
        cwd: request.cwd,
        multiPlatform: asksForSeveral(request.options),
        ...(request.sourceDateEpochSeconds === undefined
          ? {}
          : { sourceDateEpochSeconds: request.sourceDateEpochSeconds }),
      });
      Object.assign(response, answer);
    }
    return response;
  }
}

/** True when the result is to be as if for several platforms; options as BuildKit names them. */
function asksForSeveral(options: BuildRequest["options"]): boolean {
  const asked = options["multi-platform"] ?? options["build-arg:BUILDKIT_MULTI_PLATFORM"] ?? "";
  return /^(?:1|t|true)$/i.test(asked);
}
