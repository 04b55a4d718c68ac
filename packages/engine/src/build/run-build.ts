import { availableParallelism } from "node:os";
import { type Edge, validate, type Vertex } from "@slipway/ir";
import { type Digest, hostPlatform, InputError } from "@slipway/oci";
import type { Diagnostic, Frontend, FrontendResult } from "@slipway/frontend-sdk";
import type { Exporter, ExporterResponse, SandboxDriver, VertexResult } from "@slipway/engine-sdk";
import type { ExporterServices } from "@slipway/exporters";
import type { RegistryClient } from "@slipway/registry";
import { createSolver, type Solver } from "@slipway/solver";
import { createImageResolver } from "@slipway/sources";
import type { Store } from "@slipway/store";
import type { BuildContext, BuildOutcome, BuildRequest, CompiledPlatform } from "../contracts.ts";
import { createEarlyBlobs, type EarlyBlobs } from "../export/early-blobs.ts";
import { createExportRef } from "../export/export-ref.ts";
import { prepareExports } from "../export/prepare-exports.ts";
import { checkEntitlements } from "../host/entitlements.ts";
import { explainMissing } from "../host/explain-missing.ts";
import { createSolverHost } from "../host/solver-host.ts";
import { createBridge } from "./bridge.ts";
import { createBuildSources } from "./build-sources.ts";
import { chooseFrontend } from "./choose-frontend.ts";
import { createLocations } from "./locations.ts";
import { belowSteps } from "./below-steps.ts";

/** What an engine lends each of its builds. */
export interface BuildServices {
  readonly store: Store;
  readonly registry: RegistryClient;
  readonly frontends: readonly Frontend[];
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- each exporter's own schema validates its options
  readonly exporters: readonly Exporter<any>[];
  readonly exporterServices: ExporterServices;
  readonly sandbox: (signal: AbortSignal) => Promise<SandboxDriver>;
  readonly maxParallelism?: number;
  readonly deviceFolders?: readonly string[];
}

interface OpenBuild {
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

async function open(
  services: BuildServices,
  request: BuildRequest,
  context: BuildContext,
): Promise<OpenBuild> {
  const { store, registry } = services;
  if (request.platforms.length === 0) {
    throw new InputError("PLATFORM_MISSING", "a build needs at least one platform", {
      hint: "Pass hostPlatform() for this machine's.",
    });
  }
  const frontend = chooseFrontend(request, services.frontends);
  const images = createImageResolver({ store, registry });
  const { sources, meta } = createBuildSources({ store, images, request });
  const locations = createLocations();
  const warnings: Diagnostic[] = [];
  const build: { early?: EarlyBlobs; followed?: ReadonlySet<Digest> } = {};
  const host = createSolverHost({
    store,
    sandbox: services.sandbox,
    sources,
    locate: (error: unknown, vertex: Vertex) =>
      locations.locate(explainMissing(error, vertex, request.localDirs), vertex),
    ...(request.session ? { session: request.session } : {}),
    entitlements: request.entitlements ?? [],
    ...(services.deviceFolders ? { deviceFolders: services.deviceFolders } : {}),
    isFollowed: (vertex: Vertex) => build.followed?.has(vertex.digest) ?? false,
    onResult: (vertex: Vertex, result: VertexResult) => build.early?.onResult(vertex, result),
  });
  const solver = createSolver({
    host,
    progress: context.progress,
    maxParallelism: services.maxParallelism ?? Math.max(MIN_PARALLELISM, availableParallelism()),
  });
  const bridge = createBridge({
    store,
    solver,
    images,
    meta,
    frontend: frontend.name,
    signal: context.signal,
    onDefinition(definition) {
      validate(definition);
      locations.add(definition);
    },
    onWarning(diagnostic) {
      warnings.push(diagnostic);
      context.progress({
        kind: "warning",
        code: diagnostic.code,
        message: diagnostic.message,
        hint: diagnostic.hint,
        url: diagnostic.url,
        file: diagnostic.location?.file,
        line: diagnostic.location?.line,
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

/** Runs the frontend only. */
export async function compile(
  services: BuildServices,
  request: BuildRequest,
  context: BuildContext,
): Promise<readonly CompiledPlatform[]> {
  const { compiled } = await open(services, request, context);
  return compiled.outputs.map(({ platform, definition }) => ({ platform, definition }));
}

/** Asks the frontend about the build file. @throws InputError `SUBREQUEST_UNSUPPORTED` */
export async function call(
  services: BuildServices,
  request: BuildRequest,
  context: BuildContext,
): Promise<Readonly<Record<string, Uint8Array>>> {
  const { compiled } = await open(services, request, context);
  if (compiled.metadata !== undefined && compiled.outputs.length === 0) return compiled.metadata;
  const asked = request.options["requestid"] ?? "";
  throw new InputError("SUBREQUEST_UNSUPPORTED", `the frontend does not answer "${asked}"`, {
    hint: "It may be a language without such tools; build the file instead.",
  });
}

/** From request to artifacts. When it rejects, nothing of the build runs any more. */
export async function runBuild(
  services: BuildServices,
  request: BuildRequest,
  context: BuildContext,
): Promise<BuildOutcome> {
  const { store } = services;
  const ending = new AbortController();
  const signal = AbortSignal.any([context.signal, ending.signal]);
  const exports = await prepareExports(request.exports, {
    extra: services.exporters,
    services: services.exporterServices,
  });
  const build = await open(services, request, { ...context, signal });
  const wanted = exports.find(({ prepared }) => prepared.wantsBlobs)?.prepared.wantsBlobs;
  const edges: (Edge | null)[] = build.compiled.outputs.map(({ definition }) => definition.result);
  checkEntitlements(edges, { entitlements: request.entitlements ?? [], locate: build.locate });
  if (wanted) build.early = createEarlyBlobs({ store, results: edges, wanted, signal });

  try {
    const refs = await Promise.all(edges.map((edge) => build.solver.solve(edge, signal)));
    const response: Record<string, unknown> = {};
    for (const { prepared } of exports) {
      const answer: ExporterResponse = await prepared.write({
        results: build.compiled.outputs.map((output, index) => ({
          platform: output.platform,
          ref: createExportRef(store, refs[index] ?? { layers: [] }, { signal }),
          ...(output.config ? { config: output.config } : {}),
        })),
        signal,
        progress: context.progress,
        get stdout() {
          return request.stdout;
        },
        cwd: request.cwd,
        ...(request.sourceDateEpochSeconds === undefined
          ? {}
          : { sourceDateEpochSeconds: request.sourceDateEpochSeconds }),
      });
      Object.assign(response, answer);
    }
    return { response, warnings: build.warnings };
  } catch (error) {
    ending.abort(error);
    throw error;
  } finally {
    await build.early?.settled();
    store.layers.forgetHost();
  }
}
