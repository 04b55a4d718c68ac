import { randomUUID } from "node:crypto";
import { rm } from "node:fs/promises";
import path from "node:path";
import { type ExecOp, type Mount, NO_INPUT, NO_OUTPUT, type Vertex } from "@slipway/ir";
import { InputError, InvariantError } from "@slipway/oci";
import {
  type BuildSession,
  EMPTY_REF,
  type ExecuteContext,
  extendRef,
  type LayerId,
  type Ref,
  type SandboxDriver,
  type SandboxMount,
  type VertexResult,
} from "@slipway/engine-sdk";
import type { CacheMountLease, MountPoint, Store, WritableRoot } from "@slipway/store";
import type { Entitlement } from "../contracts.ts";
import { writeEtcFiles } from "./etc-files.ts";
import {
  agentMount,
  checkFileTarget,
  forwardAgents,
  secretMount,
  secretVariables,
  type LentAgent,
} from "./lent-to-step.ts";
import { withinUserNamespace, memberships } from "./mapped-ids.ts";
import { processFailure } from "./process-failure.ts";
import { selectSubtree } from "./select-subtree.ts";
import { devicePoint, stepDevices } from "./step-devices.ts";
import { resolveUser } from "./users.ts";

export interface ExecDependencies {
  readonly store: Store;
  /** Chosen when the first step runs: a build from cache needs no sandbox. */
  sandbox(signal: AbortSignal): Promise<SandboxDriver>;
  /** Whether another step will run over this one's result: its sandbox can be started ahead. */
  readonly isFollowed: (vertex: Vertex) => boolean;
  /** What the client lends this build; absent for nothing. */
  readonly session?: BuildSession;
  readonly entitlements: readonly Entitlement[];
  /** Where descriptions of devices are; default: the folders of the Container Device Interface. */
  readonly deviceFolders?: readonly string[];
}

const DEFAULT_HOSTNAME = "slipway";

/** Where a kernel filesystem or device goes; offered in every root, part of no layer. */
const SYSTEM_MOUNT_POINTS: readonly MountPoint[] = ["/proc", "/sys", "/dev"].map((path) => ({
  path,
  kind: "dir",
}));

type CacheRequest = Parameters<Store["cacheMounts"]["acquire"]>[0];

interface PlannedMount {
  readonly mount: SandboxMount;
  /** Absent below /dev, which the sandbox makes itself. */
  readonly point?: MountPoint;
}

/** What a running step holds, released in reverse order however the step ends. */
interface Held {
  readonly release: () => Promise<void>;
}

/** Targets of mounts may be relative to the working directory. */
function withAbsoluteTargets(op: ExecOp): ExecOp {
  if (op.mounts.every(({ dest }) => dest.startsWith("/"))) return op;
  return {
    ...op,
    mounts: op.mounts.map((mount) => ({ ...mount, dest: path.posix.resolve(op.meta.cwd, mount.dest) })),
  };
}

/**
 * Runs a process over its solved inputs. Output n of the result is the filesystem of the mount whose `output` is n:
 * the input's chain and one layer more.
 * @throws InputError `RUN_FAILED`, `RUN_KILLED`, `RUN_OUT_OF_MEMORY`, `SECRET_MISSING`, `SSH_AGENT_MISSING`,
 * `DEVICE_NOT_FOUND`, `DEVICE_NOT_ALLOWED`, and what resolving users and mounts throws.
 */
export async function executeExec(
  dependencies: ExecDependencies,
  vertex: Vertex & { readonly op: ExecOp },
  task: { readonly inputs: readonly Ref[]; readonly context: ExecuteContext },
): Promise<VertexResult> {
  const { store } = dependencies;
  const op = withAbsoluteTargets(vertex.op);
  const { signal } = task.context;
  const rootMount = op.mounts.find((mount) => mount.dest === "/");
  if (!rootMount) throw new InvariantError("an exec without a root mount passed validation");
  const rootRef = inputRef(rootMount, task.inputs);
  const held: Held[] = [];
  const writables = new Map<number, { root: WritableRoot; base: Ref }>();
  const agents: LentAgent[] = [];
  let succeeded = false;

  const writable = async (
    ref: Ref,
    mountPoints: readonly MountPoint[],
    output: number,
  ): Promise<WritableRoot> => {
    const root = await store.roots.writable(ref, { mountPoints, signal });
    held.push({
      async release() {
        // What is thrown away is deleted some time later, and the step may have copied its secrets there.
        if (!succeeded && mayHoldSecrets(op)) await rm(root.root.upperdir, { recursive: true, force: true });
        await root.discard();
      },
    });
    if (output !== NO_OUTPUT) writables.set(output, { root, base: ref });
    return root;
  };

  try {
    const folder = store.temporaryFolder();
    const driver = dependencies.sandbox(signal);
    // The driver is awaited further down; until then its failure is nobody's unhandled rejection.
    driver.then((ready) => ready.warm?.()).catch(() => undefined);
    const view = await store.roots.view(rootRef, signal);
    const user = withinUserNamespace(await resolveUser(view, op.meta.user));
    const hostname = op.meta.hostname || DEFAULT_HOSTNAME;
    const etc = writeEtcFiles(folder, { hostname, extraHosts: op.meta.extraHosts });
    const resolved = (path: string): string => `/${view.resolve(path).path}`;

    const planned: PlannedMount[] = [
      bindFile(etc.resolvConf, resolved("/etc/resolv.conf")),
      bindFile(etc.hosts, resolved("/etc/hosts")),
    ];
    const ownMounts = op.mounts
      .filter((mount) => mount !== rootMount)
      .map((mount) => ({ mount, target: resolved(mount.dest) }));
    const leases = await leaseCaches(ownMounts);
    for (const { mount, target } of ownMounts) {
      if (mount.kind === "secret" || mount.kind === "ssh")
        checkFileTarget(mount, view.resolve(mount.dest).found?.entry.kind);
      // It is one already, with the devices in it.
      if (target === "/dev" && mount.kind === "tmpfs") continue;
      if (target === "/dev") throw hidesDevices(mount);
      const plan = await planMount(mount, { target, lease: leases.get(mount) });
      if (plan) planned.push(plan);
    }
    // A mount over their folder hides them, as with BuildKit; in a read-only one there may be no place for them.
    const hidden = (target: string): boolean =>
      planned.some(({ mount }) => target.startsWith(`${mount.target}/`));
    planned.splice(0, 2, ...planned.slice(0, 2).filter(({ mount }) => !hidden(mount.target)));
    const devices = await stepDevices(op, { ...dependencies, user });
    for (const mount of devices.mounts) {
      const target = resolved(mount.target);
      planned.push({ mount: { ...mount, target }, point: devicePoint(mount, target) });
    }
    for (const name of devices.withHooks) {
      warn(
        "DEVICE_HOOKS",
        `the hooks of the device ${name} were not run`,
        "Slipway runs no programs of the machine for a step.",
      );
    }
    const secrets = await secretVariables(op, { session: dependencies.session, signal });
    const root = await writable(
      rootRef,
      [
        ...SYSTEM_MOUNT_POINTS,
        { path: resolved(op.meta.cwd), kind: "dir" },
        ...planned.flatMap(({ point }) => point ?? []),
      ],
      rootMount.readonly ? NO_OUTPUT : rootMount.output,
    );

    const ready = await driver;
    const running = ready.run(
      {
        id: randomUUID(),
        root: root.root,
        // Outer mounts first, or they would cover the inner ones.
        mounts: planned.map(({ mount }) => mount).sort((a, b) => depth(a.target) - depth(b.target)),
        process: {
          args: op.meta.args,
          env: processEnvironment(op, { home: user.home, last: [...devices.env, ...secrets] }),
          cwd: op.meta.cwd,
          uid: user.uid,
          gid: user.gid,
          additionalGids: memberships(user, devices.additionalGids),
        },
        hostname,
        network: op.network === "none" ? "none" : "host",
        security: op.security,
        ulimits: op.meta.ulimit,
        ...(op.meta.cgroupParent === "" ? {} : { cgroupParent: op.meta.cgroupParent }),
      },
      {
        signal,
        ...forwardAgents(agents, {
          signal,
          onFailure: ({ code, message, hint }) => warn(code, message, hint),
        }),
        onOutput: (stream, data) =>
          task.context.progress({
            kind: "log",
            vertex: vertex.digest,
            stream,
            data,
            timestampMs: Date.now(),
          }),
      },
    );
    // Now, so that the next one starts up while this one runs.
    if (dependencies.isFollowed(vertex)) ready.warm?.();
    const exit = await running;
    const failure = processFailure(exit, op);
    if (failure) throw failure;

    const outputs: (Ref | null)[] = [];
    for (const mount of op.mounts) {
      if (mount.output === NO_OUTPUT) continue;
      outputs[mount.output] = mount.readonly ? inputRef(mount, task.inputs) : await committed(mount.output);
    }
    succeeded = true;
    return { outputs: Array.from(outputs, (ref) => ref ?? null) };
  } finally {
    for (const { release } of held.reverse()) await release();
  }

  function warn(code: string, message: string, hint?: string): void {
    task.context.progress({ kind: "warning", vertex: vertex.digest, code, message, hint });
  }

  async function committed(output: number): Promise<Ref> {
    const changed = writables.get(output);
    if (!changed) throw new InvariantError(`output ${output} of an exec has no writable root`);
    // A step that changed nothing has a layer all the same: histories and image configs count on one for each RUN.
    const layer: LayerId =
      (await changed.root.commit(signal)) ?? (await store.layers.addIndex({ entries: [] }, signal));
    return extendRef(changed.base, layer);
  }

  /**
   * The folders of the cache mounts. A folder that several mounts name is one, however each wants it shared; and all
   * steps wait for theirs in one order, so that no two wait for each other.
   */
  async function leaseCaches(
    mounts: readonly { readonly mount: Mount }[],
  ): Promise<ReadonlyMap<Mount, CacheMountLease>> {
    const wanted = new Map<string, { readonly request: CacheRequest; readonly mounts: readonly Mount[] }>();
    for (const { mount } of mounts) {
      if (mount.kind !== "cache") continue;
      const base = inputRef(mount, task.inputs);
      const { subpath, kind } = await selectSubtree(store, base, { selector: mount.selector, signal });
      if (kind !== "dir") {
        throw new InputError("NOT_A_DIRECTORY", `"${mount.selector}" is not a directory`, {
          hint: `Name a directory as the source of the cache mount at ${mount.dest}.`,
          data: { path: mount.selector },
        });
      }
      const key = JSON.stringify([mount.cacheId, base.layers, subpath]);
      const others = wanted.get(key);
      const sharing = others?.request.sharing === "locked" ? "locked" : mount.sharing;
      const request = { id: mount.cacheId, sharing, base, subpath };
      wanted.set(key, { request, mounts: [...(others?.mounts ?? []), mount] });
    }
    const leases = new Map<Mount, CacheMountLease>();
    for (const [, { request, mounts: users }] of [...wanted].sort(([a], [b]) => (a < b ? -1 : 1))) {
      const lease = await store.cacheMounts.acquire(request, signal);
      held.push({ release: () => lease.release() });
      for (const mount of users) leases.set(mount, lease);
    }
    return leases;
  }

  /** Undefined for what is optional and was not lent. */
  async function planMount(
    mount: Mount,
    { target, lease }: { target: string; lease: CacheMountLease | undefined },
  ): Promise<PlannedMount | undefined> {
    switch (mount.kind) {
      case "tmpfs":
        return {
          mount: { kind: "tmpfs", target, ...(mount.sizeBytes > 0 ? { sizeBytes: mount.sizeBytes } : {}) },
          point: { path: target, kind: "dir" },
        };
      case "cache":
        return {
          mount: { kind: "bind", source: lease!.path, target, readonly: mount.readonly },
          point: { path: target, kind: "dir" },
        };
      case "bind":
        return planBind(mount, target);
      case "secret": {
        const lent = await secretMount(mount, target, { session: dependencies.session, signal });
        return lent && { mount: lent, point: { path: target, kind: "file" } };
      }
      case "ssh": {
        const lent = agentMount(mount, target, dependencies.session);
        if (!lent) return undefined;
        agents.push(lent);
        return { mount: lent.mount, point: { path: target, kind: "file" } };
      }
    }
  }

  async function planBind(mount: Mount, target: string): Promise<PlannedMount> {
    const whole = inputRef(mount, task.inputs);
    const subtree = await selectSubtree(store, whole, { selector: mount.selector, signal });
    const point: MountPoint = { path: target, kind: subtree.kind };
    if (mount.readonly) {
      const lowerdirs = await store.roots.readonlyLowerdirs(subtree.ref, signal);
      return { mount: { kind: "overlay", lowerdirs, subpath: subtree.subpath, target }, point };
    }
    const root = await writable(subtree.ref, [], mount.output);
    return {
      mount: {
        kind: "overlay",
        lowerdirs: root.root.lowerdirs,
        upperdir: root.root.upperdir,
        workdir: root.root.workdir,
        subpath: subtree.subpath,
        target,
      },
      point,
    };
  }
}

function inputRef(mount: Mount, inputs: readonly Ref[]): Ref {
  if (mount.input === NO_INPUT) return EMPTY_REF;
  const ref = inputs[mount.input];
  if (!ref) throw new InvariantError(`mount ${mount.dest} names input ${mount.input}, which does not exist`);
  return ref;
}

function mayHoldSecrets(op: ExecOp): boolean {
  return op.secretEnv.length > 0 || op.mounts.some(({ kind }) => kind === "secret");
}

/** Runtimes make what is missing in /dev, also where a mount of a layer was to be read-only. */
function hidesDevices({ kind }: Mount): InputError<"MOUNT_HIDES_DEVICES"> {
  return new InputError("MOUNT_HIDES_DEVICES", `a ${kind} mount at /dev would hide the devices`, {
    hint: "Mount it elsewhere, also below /dev.",
  });
}

function depth(path: string): number {
  return path.split("/").length;
}

function bindFile(source: string, target: string): PlannedMount {
  return { mount: { kind: "bind", source, target, readonly: true }, point: { path: target, kind: "file" } };
}

/** The step's own variables, proxies, and HOME as container runtimes set it; `last` wins over those of its name. */
function processEnvironment(op: ExecOp, { home, last }: { home: string; last: readonly string[] }): string[] {
  const nameOf = (entry: string): string => entry.slice(0, entry.indexOf("="));
  const replaced = new Set(last.map(nameOf));
  const env = [...op.meta.env.filter((entry) => !replaced.has(nameOf(entry))), ...last];
  const has = (name: string): boolean => env.some((entry) => entry.startsWith(`${name}=`));
  const proxies = op.meta.proxyEnv;
  if (proxies) {
    for (const [name, value] of [
      ["HTTP_PROXY", proxies.httpProxy],
      ["HTTPS_PROXY", proxies.httpsProxy],
      ["FTP_PROXY", proxies.ftpProxy],
      ["NO_PROXY", proxies.noProxy],
      ["ALL_PROXY", proxies.allProxy],
    ] as const) {
      if (value === "") continue;
      for (const spelling of [name, name.toLowerCase()]) if (!has(spelling)) env.push(`${spelling}=${value}`);
    }
  }
  if (!has("PATH")) env.push("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
  if (!has("HOME")) env.push(`HOME=${home}`);
  return env;
}
