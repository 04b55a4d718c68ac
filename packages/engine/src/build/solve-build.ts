import type { Edge } from "@slipway/ir";
import type { Digest } from "@slipway/oci";
import type { Diagnostic } from "@slipway/frontend-sdk";
import type { LayerBlobOptions } from "@slipway/engine-sdk";
import type { ImageResolver } from "@slipway/sources";
import type { BuildContext, BuildRequest } from "../contracts.ts";
import { createEarlyBlobs } from "../export/early-blobs.ts";
import { checkEntitlements } from "../host/entitlements.ts";
import type { BuildServices } from "./build-services.ts";
import { TraceRecorder } from "./build-trace.ts";
import { openBuild } from "./open-build.ts";
import { rememberBuild, type SolvedOutput } from "./remembered-build.ts";

export interface SolveOptions extends BuildContext {
  readonly images: ImageResolver;
  /** How the exporters want blobs, when they want any. */
  readonly wantedBlobs?: LayerBlobOptions | undefined;
  /** Called as soon as the build has failed, to end what still runs beside. */
  readonly onFailure: (error: unknown) => void;
  /** Under what to remember the build; absent not to. */
  readonly key?: Digest | undefined;
}

export interface SolvedBuild {
  readonly outputs: readonly SolvedOutput[];
  readonly warnings: readonly Diagnostic[];
  /** Waits until no blob is being made any more. */
  settled(): Promise<void>;
}

/** Runs the frontend and solves what it gives. When it rejects, the caller aborts `signal`, and nothing runs any more. */
export async function solveBuild(
  services: BuildServices,
  request: BuildRequest,
  options: SolveOptions,
): Promise<SolvedBuild> {
  const { store } = services;
  const { images, key, wantedBlobs, signal, progress } = options;
  const recorder = key === undefined ? undefined : new TraceRecorder(store);
  const build = await openBuild(services, request, {
    signal,
    progress,
    images,
    ...(recorder ? { recorder } : {}),
  });
  const edges: (Edge | null)[] = build.compiled.outputs.map(({ definition }) => definition.result);
  checkEntitlements(edges, { entitlements: request.entitlements ?? [], locate: build.locate });
  if (wantedBlobs) build.early = createEarlyBlobs({ store, results: edges, wanted: wantedBlobs, signal });
  const settled = async (): Promise<void> => build.early?.settled();
  try {
    const refs = await Promise.all(edges.map((edge) => build.solver.solve(edge, signal)));
    const outputs = build.compiled.outputs.map(({ platform, config }, index) => ({
      platform,
      ref: refs[index] ?? { layers: [] },
      ...(config ? { config } : {}),
    }));
    const { warnings } = build;
    if (key !== undefined && recorder?.trace !== undefined)
      rememberBuild(store, key, { trace: recorder.trace, events: recorder.events, outputs, warnings });
    return { outputs, warnings, settled };
  } catch (error) {
    options.onFailure(error);
    await settled();
    throw error;
  }
}
