import { InputError, type Platform } from "@slipway/oci";
import type { Bridge } from "@slipway/frontend-sdk";
import type { SourceOp, Vertex } from "@slipway/ir";
import { problemError, type DockerfileErrorCode } from "../../problems.ts";
import type { CompileContext } from "../compile-context.ts";
import { contextBase } from "../sources/named-context.ts";
import { solveVertex } from "../sources/local-source.ts";
import type { CopyPart, StagePlan } from "./plan.ts";
import { StagePlanner } from "./plan-stage.ts";
import { failAt } from "../site-error.ts";
import { sourceVertex } from "../sources/source-vertex.ts";
import { StagePlans } from "./stage-plans.ts";

/** The build argument that tells when an image was made. */
export const EPOCH_ARG = "SOURCE_DATE_EPOCH";

/** Seconds since 1970 when the text says them; undefined when it names something that has a time. */
export function epochSeconds(text: string): number | undefined {
  return /^-?\d{1,12}$/.test(text) ? Number(text) : undefined;
}

interface Scope {
  readonly globals: ReadonlyMap<string, string>;
  readonly platform: Platform;
}

/**
 * The time that SOURCE_DATE_EPOCH stands for: a number, `context`, a named context, or a stage that is one remote ADD.
 * A git repository has its commit's time, a download the server's; what comes from the client has none.
 * @returns seconds since 1970
 * @throws InputError `OPTION_INVALID`, `STAGE_NOT_SOURCE`
 */
export async function resolveEpoch(
  value: string,
  context: CompileContext,
  scope: Scope,
): Promise<number | undefined> {
  const seconds = epochSeconds(value);
  if (seconds !== undefined) return seconds;
  const vertex = sourceOf(value, context, scope);
  if (vertex === undefined) return undefined;
  const { op } = vertex;
  if (op.kind !== "source") return undefined;
  return op.identifier.startsWith("git:")
    ? commitSeconds(vertex, context)
    : downloadSeconds(op, context.bridge, { platform: scope.platform, signal: context.signal });
}

function sourceOf(value: string, context: CompileContext, scope: Scope): Vertex | undefined {
  const { options, file, checked } = context;
  if (value === "context") {
    // What was unpacked, or is a part, was downloaded below.
    let vertex = file.remote?.whole.vertex;
    while (vertex?.inputs[0] !== undefined) vertex = vertex.inputs[0].vertex;
    return vertex;
  }
  const named = options.namedContexts.get(value);
  if (named !== undefined) {
    const base = contextBase(value, value, named);
    return base.kind === "remote" ? sourceVertex(base.source, { customName: base.customName }) : undefined;
  }
  const plans = new StagePlans(checked, options, { globals: scope.globals, target: scope.platform });
  const stage = plans.stages.find((plan) => plan.stage?.name === value.toLowerCase());
  if (stage !== undefined) return stageSource(stage, context, scope);
  throw new InputError<DockerfileErrorCode>(
    "OPTION_INVALID",
    `"${value}" is not a value of the option build-arg:${EPOCH_ARG}`,
    {
      hint: "It is a number of seconds since 1970, context, a named context, or a stage that holds one ADD of a URL or a git repository.",
    },
  );
}

/** What the only ADD of a stage fetches. */
function stageSource(stage: StagePlan, { options, checked }: CompileContext, scope: Scope): Vertex {
  const refuse = (span: StagePlan["span"], why: string): never =>
    failAt(stage, span, {
      code: "STAGE_NOT_SOURCE",
      message: `${EPOCH_ARG} cannot be the stage ${stage.label}: ${why}`,
      hint: "Such a stage is FROM scratch and one ADD of a URL or a git repository; it may have ARG.",
    });
  if (stage.base.kind !== "scratch") refuse(stage.span, "it does not begin FROM scratch");
  for (const { command, span } of stage.commands)
    if (command.kind !== "add" && command.kind !== "arg")
      refuse(span, `it has ${command.kind.toUpperCase()}`);
  const { globals, platform } = scope;
  const { escape } = checked.tree;
  new StagePlanner(stage, { options, escape, globals, platform, contextPaths: new Set() }).run();
  const parts = stage.steps.flatMap((step) => (step.kind === "copy" ? step.parts : []));
  const [part] = parts;
  const source = part === undefined || parts.length > 1 ? undefined : remoteSource(part);
  return source ?? refuse(stage.span, "it does not hold exactly one ADD of a URL or a git repository");
}

function remoteSource(part: CopyPart): Vertex | undefined {
  if (part.kind === "git") return sourceVertex(part.source, { customName: part.source.identifier });
  if (part.kind !== "http") return undefined;
  const { url, filename, checksum } = part;
  const attrs = { "http.filename": filename, ...(checksum === "" ? {} : { "http.checksum": checksum }) };
  return sourceVertex({ identifier: url, attrs }, { customName: url });
}

/** Files of a repository have the time of the commit. */
async function commitSeconds(
  vertex: Vertex,
  { bridge, signal }: CompileContext,
): Promise<number | undefined> {
  const op = vertex.op as SourceOp;
  const { "git.mtime": mtime, ...attrs } = op.attrs;
  const timed =
    mtime === "checkout"
      ? sourceVertex({ identifier: op.identifier, attrs }, { customName: op.identifier })
      : vertex;
  const files = await bridge.readDir(await solveVertex(bridge, timed, signal), "", { signal });
  const [file] = files;
  return file?.mtimeMs === undefined ? undefined : Math.floor(file.mtimeMs / 1000);
}

async function downloadSeconds(
  op: SourceOp,
  bridge: Bridge,
  options: { readonly platform: Platform; readonly signal: AbortSignal },
): Promise<number | undefined> {
  if (bridge.resolveSourceMeta === undefined) {
    throw problemError({
      code: "NOT_SUPPORTED_YET",
      message: `${EPOCH_ARG} cannot be a download here: the builder does not tell its time`,
      hint: "Pass a number of seconds.",
    });
  }
  const meta = await bridge.resolveSourceMeta(op, options);
  return meta.kind === "http" && meta.lastModifiedMs !== undefined
    ? Math.floor(meta.lastModifiedMs / 1000)
    : undefined;
}
