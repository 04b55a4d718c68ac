import type { FrontendOutput } from "@slipway/frontend-sdk";
import type { Edge } from "@slipway/ir";
import { normalizePlatform, type ImageConfig, type Platform } from "@slipway/oci";
import type { PlannedFile } from "../lint/collect-facts.ts";
import { throwProblems, type Problem } from "../problems.ts";
import type { InstructionNode } from "../syntax/syntax-tree.ts";
import type { CompileContext } from "./compile-context.ts";
import { readIgnoreFile } from "./load/dockerignore.ts";
import { Emitter, followedPaths } from "./emit/emit.ts";
import { decodeText } from "./load/decode-text.ts";
import { localVertex, readOptionalFile, solveVertex } from "./sources/local-source.ts";
import { platformArgs, type CompileOptions } from "./options.ts";
import type { StagePlan } from "./plan/plan.ts";
import { StagePlanner } from "./plan/plan-stage.ts";
import type { PlanScope } from "./plan/step-planner.ts";
import { subdirectory } from "./load/remote-context.ts";
import { resolveBases } from "./plan/resolve-bases.ts";
import { EPOCH_ARG, resolveEpoch } from "./plan/source-epoch.ts";
import { expandWord } from "./site-error.ts";
import { StagePlans } from "./plan/stage-plans.ts";

/** Predefined arguments and the ARGs before the first FROM, with what the command line says. */
export function globalArgs(
  { request, options, checked }: CompileContext,
  target: Platform,
): Map<string, string> {
  const targetStage = options.target || (checked.stages.at(-1)?.name ?? "");
  const args = platformArgs({ build: request.buildPlatform, target, targetStage });
  for (const name of args.keys()) {
    const given = options.buildArgs.get(name);
    if (given !== undefined) args.set(name, given);
  }
  const { escape, source } = checked.tree;
  for (const command of checked.globalArgs) {
    for (const { key, value } of command.args) {
      const given = options.buildArgs.get(key.text);
      const assigned =
        given ??
        (value === undefined
          ? undefined
          : expandWord(value, (name) => args.get(name), { escape, site: source }));
      if (assigned !== undefined) args.set(key.text, assigned);
    }
  }
  return args;
}

/** The context and the global arguments with SOURCE_DATE_EPOCH as a number, or without it. */
async function withEpoch(
  context: CompileContext,
  platform: Platform,
): Promise<{ readonly context: CompileContext; readonly globals: ReadonlyMap<string, string> }> {
  const { options } = context;
  const globals = globalArgs(context, platform);
  const value = options.buildArgs.get(EPOCH_ARG) ?? globals.get(EPOCH_ARG);
  if (value === undefined || value === "") return { context, globals };
  const seconds = await resolveEpoch(value, context, { globals, platform });
  const buildArgs = new Map(options.buildArgs);
  for (const args of [buildArgs, globals]) {
    if (args.has(EPOCH_ARG) && seconds === undefined) args.delete(EPOCH_ARG);
    else if (args.has(EPOCH_ARG)) args.set(EPOCH_ARG, String(seconds));
  }
  const epoch = seconds === undefined ? {} : { sourceDateEpoch: seconds };
  return { context: { ...context, options: { ...options, buildArgs, ...epoch } }, globals };
}

/** Patterns of what the client does not send: `<file>.dockerignore`, else the context's `.dockerignore`. */
export async function ignorePatterns({
  bridge,
  file,
  options,
  signal,
}: CompileContext): Promise<{ readonly file: string; readonly patterns: readonly string[] }> {
  let name = `${file.filename}.dockerignore`;
  let text = file.ignoreText;
  if (text === undefined) {
    name = ".dockerignore";
    const vertex = localVertex(options.contextName, {
      customName: "[internal] load .dockerignore",
      sharedKeyHint: `${options.contextName}-.dockerignore`,
      followPaths: [".dockerignore"],
    });
    const bytes = await readOptionalFile(bridge, await solveVertex(bridge, vertex, signal), {
      path: ".dockerignore",
      signal,
    });
    if (bytes === undefined) return { file: name, patterns: [] };
    text = decodeText(bytes).text;
  }
  const problems: Problem[] = [];
  const patterns = readIgnoreFile(text, { file: name, problems });
  throwProblems(problems);
  return { file: name, patterns };
}

async function contextEdge(
  context: CompileContext,
  used: ReadonlySet<string>,
): Promise<{ readonly edge: Edge | null; readonly ignore?: PlannedFile["ignore"] }> {
  if (used.size === 0) return { edge: null };
  const { contextName, contextSubdir } = context.options;
  const { remote } = context.file;
  if (remote !== undefined) return { edge: subdirectory(remote.whole, contextSubdir) };
  const ignore = await ignorePatterns(context);
  const vertex = localVertex(contextName, {
    customName: "[internal] load build context",
    sharedKeyHint: contextName,
    followPaths: followedPaths(used),
    excludePatterns: ignore.patterns,
  });
  return { edge: { vertex, index: 0 }, ignore };
}

function resultConfig(target: StagePlan, options: CompileOptions, platform: Platform): ImageConfig {
  const image = target.image!;
  for (const [key, value] of options.labels) image.setLabel(key, value);
  const { os, architecture, variant, ...rest } = image.finish();
  const isBases = os === platform.os && architecture === platform.architecture;
  const written: Platform = {
    ...(options.explicitPlatform
      ? { os: platform.os, architecture: platform.architecture }
      : { os, architecture }),
    variant: options.explicitPlatform ? (platform.variant ?? (isBases ? variant : undefined)) : variant,
  };
  const normal = normalizePlatform(written);
  return {
    architecture: normal.architecture,
    os: normal.os,
    ...(normal.variant ? { variant: normal.variant } : {}),
    ...rest,
  };
}

/**
 * Compiles a checked file for one platform.
 * @throws InputError for everything that is wrong with the file; WorldError when an image cannot be resolved
 */
export async function compile(given: CompileContext, wanted: Platform): Promise<FrontendOutput> {
  const platform = normalizePlatform(wanted);
  const { context, globals } = await withEpoch(given, platform);
  const { options, checked, file } = context;
  const plans = new StagePlans(checked, options, { globals, target: platform });
  const target = plans.find(options.target);
  const needed = await resolveBases(target, { ...context, plans, platform });

  const scope: PlanScope = {
    options,
    escape: checked.tree.escape,
    globals,
    platform,
    contextPaths: new Set(),
    ...(file.wrong === undefined ? {} : { wrong: file.wrong }),
    ...(options.commit === "explicit" ? { commits: context.commits ?? new Set<InstructionNode>() } : {}),
  };
  for (const plan of plans.stages) if (needed.has(plan)) new StagePlanner(plan, scope).run();
  target.usedPaths.add("/");

  const { edge, ignore } = await contextEdge(context, scope.contextPaths);
  const { stages, all } = plans;
  const { buildPlatform } = context.request;
  context.onPlanned?.({
    stages,
    all,
    options,
    buildPlatform,
    platform,
    needed,
    ...(ignore ? { ignore } : {}),
  });

  const source = checked.tree.source;
  const emitter = new Emitter({ options, source, platform, context: edge });
  // In the order of the file, so that no stage waits on the stack for another.
  for (const plan of plans.stages) if (needed.has(plan)) emitter.emit(plan);
  const result = emitter.emit(target);
  const encoder = new TextEncoder();
  const sources = source.files.map(({ file: filename, text }, index) => ({
    filename,
    data: index === 0 ? file.bytes : encoder.encode(text),
    language: "Dockerfile",
  }));
  return {
    platform,
    definition: { result, sources, locations: emitter.locations },
    config: resultConfig(target, options, platform),
    ...(target.baseConfig === undefined ? {} : { baseConfig: target.baseConfig }),
  };
}
