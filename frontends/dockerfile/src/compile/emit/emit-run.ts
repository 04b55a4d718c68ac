import {
  createVertex,
  CUSTOM_NAME,
  NO_INPUT,
  NO_OUTPUT,
  type Edge,
  type FileOp,
  type Mount,
} from "@slipway/ir";
import { joinPath } from "../paths.ts";
import { PIPES_FOLDER } from "../plan/run-script.ts";
import type { StepEmitter } from "./step-emitter.ts";
import { Inputs } from "./emit-inputs.ts";
import type { FilesystemMountStep, LentMountStep, RunStep, StagePlan } from "../plan/plan.ts";

/** The vertex of a RUN. */
export function emitRun(
  emitter: StepEmitter,
  step: RunStep,
  { plan, below }: { plan: StagePlan; below: Edge | null },
): Edge {
  const { options } = emitter.scope;
  const inputs = new Inputs();
  const root: Mount = {
    kind: "bind",
    dest: "/",
    input: inputs.add(below),
    selector: "",
    output: 0,
    readonly: false,
    contentCache: "default",
  };
  const filesystems = step.mounts
    .filter((mount): mount is FilesystemMountStep => mount.type !== "secret" && mount.type !== "ssh")
    .map((mount) => emitMount(emitter, mount, inputs));
  if (step.script !== undefined) filesystems.push(scriptMount(step.script, inputs));
  filesystems.sort((a, b) => (a.dest < b.dest ? -1 : a.dest > b.dest ? 1 : 0));
  const lent = step.mounts.filter((mount): mount is LentMountStep => "optional" in mount).map(lentMount);
  // The order that BuildKit's client gives them.
  const mounts = [
    ...filesystems,
    ...lent.filter(({ kind }) => kind === "secret"),
    ...lent.filter(({ kind }) => kind === "ssh"),
  ];
  const vertex = createVertex({
    op: {
      kind: "exec",
      meta: {
        args: step.args,
        env: step.env,
        cwd: step.cwd,
        user: step.user,
        ...(options.proxyEnv === undefined ? {} : { proxyEnv: options.proxyEnv }),
        extraHosts: options.extraHosts,
        hostname: options.hostname,
        ulimit: options.ulimits,
        cgroupParent: options.cgroupParent,
        removeMountStubsRecursive: true,
        validExitCodes: [],
      },
      mounts: [root, ...mounts],
      network: step.network,
      security: step.security,
      secretEnv: step.secretEnv,
      cdiDevices: step.devices,
    },
    inputs: inputs.edges,
    constraints: emitter.constraints(plan),
    metadata: emitter.metadata(plan, step),
  });
  return emitter.vertex(step.span, vertex);
}

function emitMount(emitter: StepEmitter, mount: FilesystemMountStep, inputs: Inputs): Mount {
  const origin =
    mount.root === undefined ? emitter.origin(mount.origin) : cacheRoot(emitter, mount, mount.root);
  const base = {
    dest: mount.target,
    input: inputs.add(origin),
    selector: mount.root === undefined ? mount.selector : "/cache",
    output: NO_OUTPUT,
    readonly: mount.readonly,
  };
  switch (mount.type) {
    case "bind":
      return { kind: "bind", ...base, contentCache: "default" };
    case "cache":
      return { kind: "cache", ...base, cacheId: mount.cacheId, sharing: mount.sharing };
    case "tmpfs":
      return { kind: "tmpfs", ...base, sizeBytes: mount.sizeBytes };
  }
}

function lentMount(mount: LentMountStep): Mount {
  const { target: dest, uid, gid, mode, optional } = mount;
  const base = { dest, input: NO_INPUT, selector: "", output: NO_OUTPUT, readonly: false };
  const owned = { ...base, uid, gid, mode, optional };
  return mount.type === "secret"
    ? { kind: "secret", ...owned, secretId: mount.id }
    : { kind: "ssh", ...owned, sshId: mount.id };
}

/** The program of a here-document: a file system that holds it alone. */
function scriptMount(script: NonNullable<RunStep["script"]>, inputs: Inputs): Mount {
  const op: FileOp = {
    kind: "file",
    actions: [
      {
        kind: "mkfile",
        input: NO_INPUT,
        output: 0,
        path: joinPath("/", script.name),
        mode: 0o755,
        data: script.data,
        timestampNs: -1n,
      },
    ],
  };
  const vertex = createVertex({
    op,
    metadata: {
      description: { [CUSTOM_NAME]: "[internal] preparing inline document" },
    },
  });
  return {
    kind: "bind",
    dest: PIPES_FOLDER,
    input: inputs.add({ vertex, index: 0 }),
    selector: "/",
    output: NO_OUTPUT,
    readonly: true,
    contentCache: "default",
  };
}

/** A cache that begins with a folder of the wanted owner and mode. */
function cacheRoot(
  emitter: StepEmitter,
  mount: FilesystemMountStep,
  root: NonNullable<FilesystemMountStep["root"]>,
): Edge {
  const inputs = new Inputs();
  const op: FileOp = {
    kind: "file",
    actions: [
      {
        kind: "mkdir",
        input: inputs.add(emitter.origin(mount.origin)),
        output: 0,
        path: "/cache",
        mode: root.mode,
        makeParents: false,
        owner: { user: { kind: "id", id: root.uid }, group: { kind: "id", id: root.gid } },
        timestampNs: -1n,
      },
    ],
  };
  const vertex = createVertex({
    op,
    inputs: inputs.edges,
    metadata: {
      description: { [CUSTOM_NAME]: "[internal] setting cache mount permissions" },
    },
  });
  return { vertex, index: 0 };
}
