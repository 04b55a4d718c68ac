import type { Edge } from "@slipway/ir";
import type { Digest } from "@slipway/oci";
import type { Diagnostic } from "@slipway/frontend-sdk";
import { EMPTY_REF, type LayerBlobOptions, type Ref } from "@slipway/engine-sdk";
import type { ImageResolver } from "@slipway/sources";
import type { Store } from "@slipway/store";
import type { BuildContext, BuildRequest } from "../contracts.ts";
import { commitLengths, hasCommitPoints } from "../export/commit-lengths.ts";
import { createEarlyBlobs } from "../export/early-blobs.ts";
import { checkEntitlements } from "../host/entitlements.ts";
import { checkDevices } from "../host/step-devices.ts";
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
  const { locate } = build;
  const entitlements = request.entitlements ?? [];
  checkEntitlements(edges, { entitlements, locate });
  // What a machine has of devices is not among what is asked again when a build is recalled.
  if (await checkDevices(edges, { entitlements, locate, deviceFolders: services.deviceFolders }))
    recorder?.spoil();
  // What becomes one layer is known only at the end.
  if (wantedBlobs && !edges.some(hasCommitPoints))
    build.early = createEarlyBlobs({ store, results: edges, wanted: wantedBlobs, signal });
  const settled = async (): Promise<void> => build.early?.settled();
  try {
    const refs = await Promise.all(edges.map((edge) => build.solver.solve(edge, signal)));
    const committed = await Promise.all(
      refs.map((ref, index) => committedRef(store, { ref, edge: edges[index] ?? null }, signal)),
    );
    const outputs = build.compiled.outputs.map(({ platform, config }, index) => ({
      platform,
      ref: committed[index] ?? EMPTY_REF,
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

/** A result with the layers that its image has: those between two commit points made one. */
async function committedRef(
  store: Store,
  { ref, edge }: { readonly ref: Ref; readonly edge: Edge | null },
  signal: AbortSignal,
): Promise<Ref> {
  const lengths = commitLengths(edge, ref.layers.length);
  if (lengths === undefined || lengths.length === ref.layers.length) return ref;
  const { squashLayers } = await import("../export/squash-layers.ts");
  return squashLayers(store, ref, { lengths, signal });
}
