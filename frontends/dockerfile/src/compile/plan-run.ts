import type { RunCommand } from "../commands/command.ts";
import { MountError, readMount, type MountSpec } from "../commands/mount.ts";
import type { Word } from "../syntax/syntax-tree.ts";
import { cleanPath, joinPath, rootedPath } from "./paths.ts";
import type { MountStep, Origin, PlacedCommand, StagePlan } from "./plan.ts";
import type { StagePlanner } from "./plan-stage.ts";
import { failAt } from "./site-error.ts";
import { stageLabel } from "./stage-plans.ts";

/** Turns a RUN into a step. */
export function planRun(planner: StagePlanner, command: RunCommand, placed: PlacedCommand): void {
  const { plan, image, scope } = planner;
  // A command may look at anything below the root.
  plan.usedPaths.add("/");
  const { line, node } = command;
  const args = line.form === "exec" ? [...line.args] : [...image.shell, line.args.join(" ")];
  const mounts = command.mounts.map((mount, index) =>
    planMount(planner, mount, { placed, origin: placed.sources[index] }),
  );
  if (scope.options.shmSizeBytes > 0) mounts.push(sharedMemory(scope.options.shmSizeBytes));
  plan.steps.push({
    kind: "run",
    name: planner.stepName(placed, node.original, { keepQuotes: true, keepUnset: true }),
    source: node.original,
    span: placed.span,
    args,
    env: [...plan.env].map(([key, value]) => `${key}=${value}`),
    cwd: planner.cwd,
    user: image.config.User ?? "",
    network: command.network === "default" ? scope.options.network : command.network,
    mounts,
  });
  image.commit(`RUN ${[...declaredArgs(plan), ...args].join(" ")} # buildkit`, { layer: true });
}

/** `|2 A=1 B=2` for the build arguments in sight, as Docker's history has them. */
function declaredArgs(plan: StagePlan): readonly string[] {
  const values = new Map<string, string>();
  for (const { key, value } of plan.buildArgs) values.set(key, plan.env.get(key) ?? value ?? "");
  return values.size === 0
    ? []
    : [`|${values.size}`, ...[...values].map(([key, value]) => `${key}=${value}`)];
}

function sharedMemory(sizeBytes: number): MountStep {
  return {
    type: "tmpfs",
    origin: { kind: "empty" },
    target: "/dev/shm",
    selector: "",
    readonly: false,
    cacheId: "",
    sharing: "shared",
    sizeBytes,
  };
}

function read(planner: StagePlanner, mount: Word, placed: PlacedCommand): MountSpec {
  try {
    return readMount(mount, (word) => planner.expand(word, placed));
  } catch (error) {
    if (!(error instanceof MountError)) throw error;
    return failAt(placed, error.word.span, { code: error.code, message: error.message, hint: error.hint });
  }
}

function planMount(
  planner: StagePlanner,
  mount: Word,
  from: { placed: PlacedCommand; origin: StagePlan | undefined },
): MountStep {
  const { placed } = from;
  const spec = read(planner, mount, placed);
  const target = spec.target.text.startsWith("/")
    ? cleanPath(spec.target.text)
    : joinPath("/", planner.cwd, spec.target.text);
  if (target === "/") {
    failAt(placed, spec.target.span, {
      code: "MOUNT_INVALID",
      message: "a mount cannot hide the root",
      hint: "Give it a folder of its own as target.",
    });
  }
  const source = rootedPath(spec.source);
  const origin = mountedOrigin(planner, spec, { source, plan: from.origin });
  if (origin.kind === "stage" && !origin.plan.planned && origin.plan.stage !== undefined) {
    failAt(placed, spec.from?.span ?? mount.span, {
      code: "STAGE_NOT_READY",
      message: `stage ${stageLabel(origin.plan)} comes after this one`,
      hint: "Move it before this stage.",
    });
  }
  const selector = source === "/" ? "" : source;
  const owned = spec.type === "cache" && selector === "" && (spec.uid ?? spec.gid ?? spec.mode) !== undefined;
  return {
    type: spec.type,
    origin,
    target,
    selector,
    readonly: spec.readonly,
    cacheId:
      spec.type === "cache"
        ? `${planner.scope.options.cacheNamespace}/${spec.id || cleanPath(spec.target.text)}`
        : "",
    sharing: spec.sharing,
    sizeBytes: spec.sizeBytes,
    ...(owned ? { root: { uid: spec.uid ?? 0, gid: spec.gid ?? 0, mode: spec.mode ?? 0o755 } } : {}),
  };
}

function mountedOrigin(
  planner: StagePlanner,
  spec: MountSpec,
  from: { source: string; plan: StagePlan | undefined },
): Origin {
  if (spec.type === "tmpfs") return { kind: "empty" };
  if (from.plan !== undefined) {
    from.plan.usedPaths.add(from.source);
    return { kind: "stage", plan: from.plan };
  }
  if (spec.type === "cache") return { kind: "empty" };
  planner.scope.contextPaths.add(from.source);
  return { kind: "context" };
}
