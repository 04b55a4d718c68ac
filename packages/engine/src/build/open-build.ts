import { availableParallelism } from "node:os";
import { validate, type Vertex } from "@slipway/ir";
import { type Digest, hostPlatform, InputError } from "@slipway/oci";
import type { Diagnostic, FrontendResult } from "@slipway/frontend-sdk";
import type { VertexResult } from "@slipway/engine-sdk";
import { createSolver, type Solver } from "@slipway/solver";
import { createImageResolver, type ImageResolver } from "@slipway/sources";
import type { BuildContext, BuildRequest } from "../contracts.ts";
import type { EarlyBlobs } from "../export/early-blobs.ts";
import { explainMissing } from "../host/explain-missing.ts";
import { createSolverHost } from "../host/solver-host.ts";
import { createBridge } from "./bridge.ts";
import type { BuildServices } from "./build-services.ts";
import { createBuildSources } from "./build-sources.ts";
import type { TraceRecorder } from "./build-trace.ts";
import { chooseFrontend } from "./choose-frontend.ts";
import { createLocations } from "./locations.ts";
import { belowSteps } from "./below-steps.ts";

/** A build whose frontend has done its work. */
export interface OpenBuild {
  readonly solver: Solver;
  readonly compiled: FrontendResult;
  readonly warnings: Diagnostic[];
  /** Adds the place in the build file to an error of a vertex. */
  readonly locate: (error: unknown, vertex: Vertex) => unknown;
  /** Set before solving starts, when blobs are wanted. */
  early?: EarlyBlobs;
}

/** Steps wait on disks and networks as well as on processors: a few more than those may run. */
const MIN_PARALLELISM = 8;

/** Runs the frontend, and makes the solver for what it gives. With a recorder, somebody listens to all of it. */
export async function openBuild(
  services: BuildServices,
  request: BuildRequest,
  context: BuildContext & { readonly images?: ImageResolver; readonly recorder?: TraceRecorder },
): Promise<OpenBuild> {
  const { store, registry } = services;
  const { recorder } = context;
  if (request.platforms.length === 0) {
    throw new InputError("PLATFORM_MISSING", "a build needs at least one platform", {
      hint: "Pass hostPlatform() for this machine's.",
    });
  }
  const frontend = chooseFrontend(request, services.frontends);
  const plainImages = context.images ?? createImageResolver({ store, registry });
  const images = recorder?.images(plainImages) ?? plainImages;
  const { sources, meta } = createBuildSources({ store, images, request });
  const progress = recorder?.progress(context.progress) ?? context.progress;
  const locations = createLocations();
  const warnings: Diagnostic[] = [];
  let buildFile: Digest | undefined;
  const build: { early?: EarlyBlobs; followed?: ReadonlySet<Digest> } = {};
  const host = createSolverHost({
    store,
    sandbox: services.sandbox,
    sources: recorder?.sources(sources) ?? sources,
    locate: (error: unknown, vertex: Vertex) =>
      locations.locate(explainMissing(error, vertex, request.localDirs), vertex),
    ...(request.session ? { session: request.session } : {}),
    entitlements: request.entitlements ?? [],
    ...(services.deviceFolders ? { deviceFolders: services.deviceFolders } : {}),
    isFollowed: (vertex: Vertex) => build.followed?.has(vertex.digest) ?? false,
    onResult: (vertex: Vertex, result: VertexResult) => build.early?.onResult(vertex, result),
  });
  const solver = createSolver({
    host: recorder?.host(host) ?? host,
    progress,
    maxParallelism: services.maxParallelism ?? Math.max(MIN_PARALLELISM, availableParallelism()),
  });
  const bridge = createBridge({
    store,
    solver,
    images,
    meta(...asked) {
      recorder?.spoil();
      return meta(...asked);
    },
    frontend: frontend.name,
    signal: context.signal,
    onDefinition(definition) {
      // What a frontend reads first is its build file, in which its warnings are.
      buildFile ??= definition.result?.vertex.digest;
      validate(definition);
      locations.add(definition);
    },
    onWarning(diagnostic) {
      warnings.push(diagnostic);
      progress({
        kind: "warning",
        ...(buildFile && diagnostic.location ? { vertex: buildFile } : {}),
        code: diagnostic.code,
        message: diagnostic.message,
        hint: diagnostic.hint,
        url: diagnostic.url,
        file: diagnostic.location?.file,
        line: diagnostic.location?.line,
        location: diagnostic.location,
      });
    },
  });
  const compiled = await frontend.build(
    { options: request.options, buildPlatform: hostPlatform(), platforms: request.platforms },
    bridge,
    context.signal,
  );
  for (const { definition } of compiled.outputs) {
    validate(definition);
    locations.add(definition);
  }
  build.followed = belowSteps(compiled.outputs.map(({ definition }) => definition.result));
  const locate = (error: unknown, vertex: Vertex): unknown => locations.locate(error, vertex);
  return Object.assign(build, { solver, compiled, warnings, locate });
}
