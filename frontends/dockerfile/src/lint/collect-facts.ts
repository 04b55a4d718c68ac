import { formatPlatform, normalizePlatform, type Platform } from "@slipway/oci";
import type { CompileOptions } from "../compile/options.ts";
import type { PlacedCommand, StagePlan } from "../compile/plan/plan.ts";
import type { BaseFacts, LintFacts, PlatformMismatch } from "./facts.ts";

// Loaded by every build: nothing but small modules may be imported here.

/** What a compilation found out. */
export interface PlannedFile {
  /** In the order of the file; those whose base is resolved are known. */
  readonly stages: readonly StagePlan[];
  /** Stages and everything outside that they refer to. */
  readonly all: readonly StagePlan[];
  readonly options: CompileOptions;
  readonly buildPlatform: Platform;
  readonly platform: Platform;
  readonly ignore?: LintFacts["ignore"];
  /** Stages that the target needs; absent when all count. */
  readonly needed?: ReadonlySet<StagePlan>;
}

/** Puts together what rules may know of a build besides the text. */
export function collectFacts(planned: PlannedFile): LintFacts {
  const { stages, all, options, needed } = planned;
  const bases: Record<number, BaseFacts> = {};
  for (const plan of stages) {
    const facts = factsOf(plan);
    if (facts !== undefined) bases[plan.stage!.index] = facts;
  }
  const mismatches = all.flatMap((plan) => mismatchOf(plan, stages) ?? []);
  const contexts = [...options.namedContexts.keys()].map((name) => name.replace(/::.*$/, "").toLowerCase());
  return {
    buildArgs: Object.fromEntries(options.buildArgs),
    target: options.target,
    buildPlatform: formatPlatform(planned.buildPlatform),
    targetPlatform: formatPlatform(planned.platform),
    bases,
    mismatches,
    namedContexts: contexts,
    ...(planned.ignore === undefined ? {} : { ignore: planned.ignore }),
    ...(needed === undefined
      ? {}
      : { stages: stages.flatMap((plan) => (needed.has(plan) ? [plan.stage!.index] : [])) }),
  };
}

/** Undefined for stages on other stages, and where the base is not known. */
function factsOf(plan: StagePlan): BaseFacts | undefined {
  const { base } = plan;
  if (plan.stage === undefined || base.kind === "stage" || base.kind === "scratch" || !plan.resolved)
    return undefined;
  const config = base.kind === "image" ? plan.baseConfig?.config : {};
  if (config === undefined) return undefined;
  const triggers = plan.commands.filter(({ isTrigger }) => isTrigger).map(({ command }) => command);
  return {
    env: [
      ...(config.Env ?? []),
      ...triggers.flatMap((command) =>
        command.kind === "env" ? command.pairs.map(({ key, value }) => `${key.text}=${value.text}`) : [],
      ),
    ],
    args: triggers.flatMap((command) =>
      command.kind === "arg" ? command.args.map(({ key }) => key.text) : [],
    ),
    hasShell: (config.Shell?.length ?? 0) > 0 || triggers.some(({ kind }) => kind === "shell"),
    hasWorkdir: triggers.some(({ kind }) => kind === "workdir"),
  };
}

function mismatchOf(plan: StagePlan, stages: readonly StagePlan[]): PlatformMismatch | undefined {
  if (plan.base.kind !== "image" || plan.baseConfig === undefined || plan.platform === undefined)
    return undefined;
  const found = normalizePlatform(platformOfConfig(plan.baseConfig));
  const wanted = normalizePlatform(plan.platform);
  const isSame =
    found.os === wanted.os &&
    found.architecture === wanted.architecture &&
    (found.variant === undefined || wanted.variant === undefined || found.variant === wanted.variant);
  const place = isSame ? undefined : placeOf(plan, stages);
  if (place === undefined) return undefined;
  return { ...place, image: plan.base.name, wanted: formatPlatform(wanted), found: formatPlatform(found) };
}

function platformOfConfig(config: NonNullable<StagePlan["baseConfig"]>): Platform {
  return {
    os: config.os,
    architecture: config.architecture,
    ...(config.variant ? { variant: config.variant } : {}),
  };
}

/** The instruction that brings an image in. */
function placeOf(plan: StagePlan, stages: readonly StagePlan[]): { stage: number; at: number } | undefined {
  if (plan.stage !== undefined) return { stage: plan.stage.index, at: plan.stage.from.node.span.start };
  for (const { stage, commands } of stages) {
    const user: PlacedCommand | undefined = commands.find(
      ({ sources, isTrigger }) => !isTrigger && sources.includes(plan),
    );
    if (stage !== undefined && user !== undefined)
      return { stage: stage.index, at: user.command.node.span.start };
  }
  return undefined;
}
