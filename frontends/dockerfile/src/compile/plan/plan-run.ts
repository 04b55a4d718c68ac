import type { SecretEnv } from "@slipway/ir";
import { NO_COMMAND, NO_DEVICE } from "../../commands/check-run.ts";
import type { RunCommand } from "../../commands/command.ts";
import { MountError, readMount, type MountSpec } from "../../commands/mount.ts";
import type { WrongBytes } from "../load/decode-text.ts";
import type { Word } from "../../syntax/syntax-tree.ts";
import { heredocSummary, runScript } from "./run-script.ts";
import { cleanPath, joinPath, rootedPath } from "../paths.ts";
import type { FilesystemMountStep, MountStep, Origin, PlacedCommand, StagePlan } from "./plan.ts";
import type { StepPlanner } from "./step-planner.ts";
import { failAt } from "../site-error.ts";
import { stageLabel } from "./stage-plans.ts";

const HIDES_ROOT = {
  code: "MOUNT_INVALID",
  message: "a mount cannot hide the root",
  hint: "Give it a folder of its own as target.",
} as const;

/** Turns a RUN into a step. */
export function planRun(planner: StepPlanner, command: RunCommand, placed: PlacedCommand): void {
  const { plan, image, scope } = planner;
  // A command may look at anything below the root.
  plan.usedPaths.add("/");
  const { line, node } = command;
  if (line.args.length === 0) failAt(placed, node.keyword.span, NO_COMMAND);
  for (const { name } of command.devices) if (name.text === "") failAt(placed, name.span, NO_DEVICE);
  const wrong = placed.isTrigger ? undefined : scope.wrong;
  const script = line.form === "exec" ? undefined : runScript(command, { escape: scope.escape, wrong });
  if (wrong !== undefined && script?.text.includes("\uFFFD")) refuseWrongBytes(command, placed, wrong);
  const args = script === undefined ? [...line.args] : [...image.shell, script.text];
  const mounted = planMounts(planner, command, placed);
  const { mounts, secretEnv } = mounted;
  if (scope.options.shmSizeBytes > 0) mounts.push(sharedMemory(scope.options.shmSizeBytes));
  // A name that expanded to nothing is in the image, as with Docker, but processes cannot have it.
  const env = [...plan.env].filter(([key]) => key !== "").map(([key, value]) => `${key}=${value}`);
  if (mounted.agentSocket !== undefined && !plan.env.has("SSH_AUTH_SOCK"))
    env.push(`SSH_AUTH_SOCK=${mounted.agentSocket}`);
  const shown =
    script?.lone === undefined ? node.original : `${node.original} ${heredocSummary(script.lone)}`;
  plan.steps.push({
    kind: "run",
    name: planner.stepName(placed, shown, { keepQuotes: true, keepUnset: true }),
    source: node.original,
    span: placed.span,
    args,
    env,
    // A folder is as it was written, but an exec op's must not seem to lead out of the root.
    cwd: planner.cwd.includes("/..") ? cleanPath(planner.cwd) : planner.cwd,
    user: image.config.User ?? "",
    network: command.network === "default" ? scope.options.network : command.network,
    security: command.security,
    mounts,
    secretEnv,
    devices: command.devices.map(({ name, required }) => ({
      name: planner.expand(name, placed),
      optional: !required,
    })),
    ...(script?.program === undefined ? {} : { script: script.program }),
  });
  image.commit(`RUN ${[...declaredArgs(plan), ...args].join(" ")} # buildkit`, { layer: true });
}

/** A definition is UTF-8, and what the shell is to run is part of it: BuildKit refuses such a step, too. */
function refuseWrongBytes({ node }: RunCommand, placed: PlacedCommand, wrong: WrongBytes): void {
  const inBody = (offset: number): boolean =>
    node.heredocs.some(({ body }) => offset >= body.start && offset < body.end);
  for (const offset of wrong.within(placed.span)) {
    const { excerpt = "" } = placed.locate({ start: offset, end: offset + 1 });
    if (!inBody(offset) && /^\s*#/.test(excerpt)) continue;
    failAt(
      placed,
      { start: offset, end: offset + 1 },
      {
        code: "TEXT_INVALID",
        message: "the command holds a byte that is no UTF-8",
        hint: "Save the file as UTF-8. To have the byte itself, let the command make it, as printf '\\377' does, or COPY <<'EOF' a script.",
      },
    );
  }
}

interface PlannedMounts {
  readonly mounts: MountStep[];
  readonly secretEnv: SecretEnv[];
  /** Of the first agent. */
  readonly agentSocket?: string;
}

function planMounts(planner: StepPlanner, command: RunCommand, placed: PlacedCommand): PlannedMounts {
  const mounts: MountStep[] = [];
  const secretEnv: SecretEnv[] = [];
  const sockets: string[] = [];
  for (const [index, mount] of command.mounts.entries()) {
    const spec = read(planner, mount, placed);
    if (spec.type === "secret" || spec.type === "ssh") {
      const optional = !spec.required;
      if (spec.env !== undefined) secretEnv.push({ id: spec.id, name: spec.env.text, optional });
      if (spec.type === "secret" && spec.target === undefined) continue;
      const written = spec.target?.text ?? `/run/buildkit/ssh_agent.${sockets.length}`;
      const target = written.startsWith("/") ? cleanPath(written) : joinPath("/", planner.cwd, written);
      if (target === "/") failAt(placed, spec.target?.span ?? mount.span, HIDES_ROOT);
      const { type, id, uid = 0, gid = 0 } = spec;
      const mode = spec.mode ?? (type === "secret" ? 0o400 : 0o600);
      mounts.push({ type, id, target, uid, gid, mode, optional });
      if (type === "ssh") sockets.push(target);
    } else {
      mounts.push(planMount(planner, spec, { mount, placed, origin: placed.sources[index] }));
    }
  }
  const [agentSocket] = sockets;
  return { mounts, secretEnv, ...(agentSocket === undefined ? {} : { agentSocket }) };
}

/** `|2 A=1 B=2` for the build arguments in sight, as Docker's history has them. */
function declaredArgs(plan: StagePlan): readonly string[] {
  const values = new Map<string, string>();
  for (const { key, value } of plan.buildArgs) values.set(key, plan.env.get(key) ?? value ?? "");
  return values.size === 0
    ? []
    : [`|${values.size}`, ...[...values].map(([key, value]) => `${key}=${value}`)];
}

function sharedMemory(sizeBytes: number): FilesystemMountStep {
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

function read(planner: StepPlanner, mount: Word, placed: PlacedCommand): MountSpec {
  try {
    return readMount(mount, (word) => planner.expand(word, placed));
  } catch (error) {
    if (!(error instanceof MountError)) throw error;
    return failAt(placed, error.word.span, { code: error.code, message: error.message, hint: error.hint });
  }
}

function planMount(
  planner: StepPlanner,
  spec: MountSpec,
  from: { mount: Word; placed: PlacedCommand; origin: StagePlan | undefined },
): FilesystemMountStep {
  const { mount, placed } = from;
  const type = spec.type as FilesystemMountStep["type"];
  const written = spec.target ?? mount;
  const target = written.text.startsWith("/")
    ? cleanPath(written.text)
    : joinPath("/", planner.cwd, written.text);
  if (target === "/") failAt(placed, written.span, HIDES_ROOT);
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
  const owned = type === "cache" && selector === "" && (spec.uid ?? spec.gid ?? spec.mode) !== undefined;
  return {
    type,
    origin,
    target,
    selector,
    readonly: spec.readonly,
    cacheId:
      type === "cache" ? `${planner.scope.options.cacheNamespace}/${spec.id || cleanPath(written.text)}` : "",
    sharing: spec.sharing,
    sizeBytes: spec.sizeBytes,
    ...(owned
      ? { root: { uid: spec.uid ?? 0, gid: spec.gid ?? 0, mode: (spec.mode ?? 0o755) & 0o777 } }
      : {}),
  };
}

function mountedOrigin(
  planner: StepPlanner,
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
