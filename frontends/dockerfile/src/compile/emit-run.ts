import { createVertex, CUSTOM_NAME, NO_OUTPUT, type Edge, type Mount } from "@slipway/ir";
import type { StepEmitter } from "./emit.ts";
import { Inputs } from "./emit-inputs.ts";
import type { MountStep, RunStep, StagePlan } from "./plan.ts";

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
  const mounts = step.mounts.map((mount) => emitMount(emitter, mount, { plan, inputs }));
  mounts.sort((a, b) => (a.dest < b.dest ? -1 : a.dest > b.dest ? 1 : 0));
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
      security: "sandbox",
      secretEnv: [],
      cdiDevices: [],
    },
    inputs: inputs.edges,
    constraints: emitter.constraints(plan),
    metadata: emitter.metadata(plan, step),
  });
  return emitter.vertex(step.span, vertex);
}

function emitMount(
  emitter: StepEmitter,
  mount: MountStep,
  { plan, inputs }: { plan: StagePlan; inputs: Inputs },
): Mount {
  const origin =
    mount.root === undefined
      ? emitter.origin(mount.origin)
      : cacheRoot(emitter, mount, { plan, root: mount.root });
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

/** A cache that begins with a folder of the wanted owner and mode. */
function cacheRoot(
  emitter: StepEmitter,
  mount: MountStep,
  { plan, root }: { plan: StagePlan; root: NonNullable<MountStep["root"]> },
): Edge {
  const inputs = new Inputs();
  const vertex = createVertex({
    op: {
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
    },
    inputs: inputs.edges,
    constraints: emitter.constraints(plan),
    metadata: { description: { [CUSTOM_NAME]: "[internal] settings cache mount permissions" } },
  });
  return { vertex, index: 0 };
}
