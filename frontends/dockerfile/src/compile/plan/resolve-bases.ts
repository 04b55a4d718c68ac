import type { Bridge } from "@slipway/frontend-sdk";
import {
  formatImageReference,
  InputError,
  parseImageReference,
  type ImageReference,
  WorldError,
  type Platform,
} from "@slipway/oci";
import type { SourceOp } from "@slipway/ir";
import { checkInstruction } from "../../commands/check.ts";
import { nearestName } from "../../did-you-mean.ts";
import { throwProblems, type DockerfileErrorCode, type Problem } from "../../problems.ts";
import type { RememberingParser } from "../../syntax/remembering-parser.ts";
import { readIgnoreFile } from "../load/dockerignore.ts";
import { layoutAttrs } from "../sources/named-context.ts";
import { ImageDraft } from "./image-draft.ts";
import { decodeText } from "../load/decode-text.ts";
import { localVertex, readOptionalFile, solveVertex } from "../sources/local-source.ts";
import type { CompileOptions } from "../options.ts";
import type { Span } from "../../syntax/source-text.ts";
import type { StagePlan } from "./plan.ts";
import { atPlace, failAt } from "../site-error.ts";
import type { StagePlans } from "./stage-plans.ts";

export interface ResolveContext {
  readonly plans: StagePlans;
  readonly options: CompileOptions;
  readonly platform: Platform;
  readonly bridge: Bridge;
  readonly parser: RememberingParser;
  readonly signal: AbortSignal;
}

/**
 * Finds out what the stages that `target` needs are based on: configs of images, all at once, ignore files of named
 * contexts, and the triggers that images bring along, which may need further stages.
 * @returns the stages needed
 */
export async function resolveBases(
  target: StagePlan,
  context: ResolveContext,
): Promise<ReadonlySet<StagePlan>> {
  for (;;) {
    const needed = context.plans.reachable(target);
    const pending = [...needed].filter((plan) => !plan.resolved);
    await Promise.all(pending.map((plan) => resolveBase(plan, context)));
    // Stages inherit from stages before them, so the order of the file is the order of inheritance.
    let added = false;
    for (const plan of [...needed].sort((a, b) => (a.stage?.index ?? -1) - (b.stage?.index ?? -1))) {
      if (!plan.triggersAdded) added = (await addTriggers(plan, context)) || added;
    }
    if (!added) return needed;
  }
}

async function resolveBase(plan: StagePlan, context: ResolveContext): Promise<void> {
  plan.resolved = true;
  const { base } = plan;
  if (base.kind === "stage") return;
  // There is nothing in it that could be of another platform.
  plan.platform = base.kind === "scratch" ? context.platform : (plan.platform ?? context.platform);
  if (base.kind === "image") return resolveImage(plan, context);
  plan.image = ImageDraft.empty(plan.platform, context.options.sourceDateEpoch);
  if (base.kind === "local") base.excludePatterns = await contextIgnore(plan, context);
}

async function resolveImage(plan: StagePlan, context: ResolveContext): Promise<void> {
  const { bridge, options, plans, signal } = context;
  const base = plan.base as Extract<StagePlan["base"], { kind: "image" }>;
  if (base.layout !== undefined) return resolveLayout(plan, base, context);
  const span = plan.stage?.from.image.span ?? plan.span;
  const reference = atPlace(plan, span, () => parseBaseName(plan, base.name, plans));
  refuseScratch(plan, span, { reference, name: base.name });
  const complete = formatImageReference(
    reference.tag || reference.digest ? reference : { ...reference, tag: "latest" },
  );
  try {
    const resolved = await bridge.resolveImageConfig(complete, { platform: plan.platform!, signal });
    base.identifier = `docker-image://${resolved.ref}`;
    plan.baseConfig = resolved.config;
    plan.image = new ImageDraft(resolved.config, options.sourceDateEpoch);
  } catch (error) {
    if (signal.aborted) throw error;
    const nearest = nearestName(base.name, plans.names);
    const cause = error instanceof Error ? error.message : String(error);
    if (nearest !== undefined) {
      throw new InputError<DockerfileErrorCode>(
        "STAGE_NOT_FOUND",
        `there is no stage or image "${base.name}" (${cause})`,
        {
          hint:
            nearest === base.name.toLowerCase()
              ? `The stage ${nearest} comes later in the file: move it before this one.`
              : `Did you mean the stage ${nearest}?`,
          location: plan.locate(span),
          cause: error,
        },
      );
    }
    // A registry that is down is not the file's fault, but which image was asked for is to be seen.
    if (!(error instanceof InputError || error instanceof WorldError) || error.location !== undefined)
      throw error;
    const { code, message, data, hint = "Check the name, the tag and the registry." } = error;
    const options = { hint, location: plan.locate(span), data, cause: error };
    throw error instanceof InputError
      ? new InputError(code, message, options)
      : new WorldError(code, message, { ...options, retryable: error.retryable });
  }
}

/** No registry has an image of this name: Docker reserves it. */
function refuseScratch(
  plan: StagePlan,
  span: Span,
  { reference, name }: { readonly reference: ImageReference; readonly name: string },
): void {
  if (reference.registry !== "docker.io" || reference.repository !== "library/scratch") return;
  failAt(plan, span, {
    code: "REFERENCE_INVALID",
    message: `"${name}" is no image: scratch means that there is no base image at all`,
    hint: "Write scratch, without a registry, a tag or a digest.",
  });
}

/** A name that is wrong because a variable in it has no value is not the name's fault. */
function parseBaseName(plan: StagePlan, name: string, plans: StagePlans): ImageReference {
  try {
    return parseImageReference(name);
  } catch (error) {
    const unset = plan.stage === undefined ? undefined : plans.unsetIn(plan.stage.from.image)[0];
    if (!(error instanceof InputError) || unset === undefined) throw error;
    throw new InputError(error.code, `${error.message}; ${unset} is not set`, {
      hint: plans.unsetHint(unset),
      data: error.data,
      cause: error,
    });
  }
}

/** The config of an image in an OCI layout that the client lends. */
async function resolveLayout(
  plan: StagePlan,
  base: Extract<StagePlan["base"], { kind: "image" }>,
  { bridge, options, signal }: ResolveContext,
): Promise<void> {
  base.identifier = `oci-layout://${base.name}`;
  const op: SourceOp = { kind: "source", identifier: base.identifier, attrs: layoutAttrs(base) };
  const meta = await bridge.resolveSourceMeta?.(op, { platform: plan.platform!, signal });
  if (meta?.kind !== "image") {
    throw new InputError<DockerfileErrorCode>(
      "NOT_SUPPORTED_YET",
      "images of OCI layouts need a builder that can look into them",
      { hint: "Push the image to a registry and name it there." },
    );
  }
  plan.baseConfig = meta.image.config;
  plan.image = new ImageDraft(meta.image.config, options.sourceDateEpoch);
}

async function contextIgnore(
  plan: StagePlan,
  { bridge, signal }: ResolveContext,
): Promise<readonly string[]> {
  const base = plan.base as Extract<StagePlan["base"], { kind: "local" }>;
  const vertex = localVertex(base.name, {
    customName: `[context ${base.contextName}] load .dockerignore`,
    sharedKeyHint: `context:${base.contextName}-.dockerignore`,
    followPaths: [".dockerignore"],
  });
  const bytes = await readOptionalFile(bridge, await solveVertex(bridge, vertex, signal), {
    path: ".dockerignore",
    signal,
  });
  if (bytes === undefined) return [];
  const problems: Problem[] = [];
  const patterns = readIgnoreFile(decodeText(bytes).text, {
    file: `.dockerignore of the context ${base.contextName}`,
    problems,
  });
  throwProblems(problems);
  return patterns;
}

/** Puts the triggers of the base in front of a stage's own instructions. True when they may need something new. */
async function addTriggers(plan: StagePlan, context: ResolveContext): Promise<boolean> {
  if (plan.base.kind === "stage" && !plan.base.plan.triggersAdded) return false;
  plan.triggersAdded = true;
  if (plan.stage === undefined) return false;
  const triggers =
    plan.base.kind === "stage"
      ? plan.base.plan.commands.flatMap(({ command }) =>
          command.kind === "onbuild" ? [command.trigger] : [],
        )
      : (plan.image?.config.OnBuild ?? []);
  if (plan.image !== undefined) delete plan.image.config.OnBuild;
  const placed: StagePlan["commands"] = [];
  for (const trigger of triggers) placed.push(await parseTrigger(plan, trigger, context));
  plan.commands = [...placed, ...plan.commands];
  plan.stepTotal += placed.length;
  return placed.some(({ sources }) => sources.some((source) => source !== undefined));
}

async function parseTrigger(
  plan: StagePlan,
  trigger: string,
  { parser, plans }: ResolveContext,
): Promise<StagePlan["commands"][number]> {
  const problems: Problem[] = [];
  const tree = await parser.parse(trigger, { file: "ONBUILD", problems });
  const [node, extra] = tree.instructions;
  const command =
    node === undefined || extra !== undefined ? undefined : checkInstruction(node, tree.source, problems);
  // A trigger that makes a trigger cannot be written today, but older builders left such images.
  if (command !== undefined && problems.length === 0 && command.kind !== "from") {
    return plans.place(command, { span: plan.span });
  }
  const [problem] = problems;
  return failAt(plan, plan.span, {
    code: problem?.code ?? "INSTRUCTION_ARGUMENTS",
    message: `the trigger "${trigger}" of the base image cannot run: ${problem?.message ?? "it is not a single instruction"}`,
    hint: problem?.hint ?? "Use another base image.",
  });
}
