import { InputError, type Platform, unreachable } from "@slipway/oci";
import { NO_INPUT, NO_OUTPUT, type CdiDevice, type ExecOp, type HostIp, type Mount } from "../op.ts";
import type { ProxyEnv, SecretEnv, Ulimit } from "../op.ts";
import { requiredCaps } from "../capabilities.ts";
import { resolvePath } from "../posix-path.ts";
import { compareUtf8 } from "../llb/wire-writer.ts";
import { setEnv } from "./env-list.ts";
import { InputList } from "./input-list.ts";
import type { State } from "./state.ts";
import { newStep, type NewStep, type StepOptions, type StepOutput } from "./step.ts";

interface MountPlace {
  /** Where the command sees it; a relative path is seen from the working folder. */
  readonly dest: string;
}

interface FilesystemMount extends MountPlace {
  /** What is mounted; absent or null for an empty filesystem. */
  readonly from?: State | null;
  /** Sub-path of `from` to mount; absent for all of it. */
  readonly source?: string;
  readonly readonly?: boolean;
}

/** A filesystem, writable unless told otherwise; what the command leaves in it is `ExecState.mount(dest)`. */
export interface BindMountSpec extends FilesystemMount {
  readonly kind?: "bind";
  /** Throw the changes away. */
  readonly noOutput?: boolean;
  readonly contentCache?: "default" | "on" | "off";
}

/** A folder that outlives the build, found again by its id. */
export interface CacheMountSpec extends FilesystemMount {
  readonly kind: "cache";
  readonly id: string;
  /** Default: shared. */
  readonly sharing?: "shared" | "private" | "locked";
}

export interface TmpfsMountSpec extends MountPlace {
  readonly kind: "tmpfs";
  readonly sizeBytes?: number;
}

/** A secret as a file, owned by root and readable by it alone unless told otherwise. */
export interface SecretMountSpec extends MountPlace {
  readonly kind: "secret";
  readonly id: string;
  readonly uid?: number;
  readonly gid?: number;
  /** Default: 0o400. */
  readonly mode?: number;
  readonly optional?: boolean;
}

/** A socket of an ssh agent. `SSH_AUTH_SOCK` is set to the first one's path unless the command has it already. */
export interface SshMountSpec {
  readonly kind: "ssh";
  /** Default: `/run/buildkit/ssh_agent.N`. */
  readonly dest?: string;
  /** Default: `default`. */
  readonly id?: string;
  readonly uid?: number;
  readonly gid?: number;
  /** Default: 0o600. */
  readonly mode?: number;
  readonly optional?: boolean;
}

export type MountSpec = BindMountSpec | CacheMountSpec | TmpfsMountSpec | SecretMountSpec | SshMountSpec;

/** How a command runs. Whatever is absent comes from the state. */
export interface RunOptions extends StepOptions {
  /** Variables for this command alone, over the state's. */
  readonly env?: Readonly<Record<string, string>>;
  readonly dir?: string;
  readonly user?: string;
  readonly platform?: Platform;
  readonly mounts?: readonly MountSpec[];
  /** Secrets as variables. */
  readonly secretEnv?: readonly SecretEnv[];
  /** The command can't change the root filesystem, and the state after it is the one before. */
  readonly readonlyRoot?: boolean;
  readonly network?: ExecOp["network"];
  readonly security?: ExecOp["security"];
  readonly hostname?: string;
  readonly extraHosts?: readonly HostIp[];
  readonly ulimit?: readonly Ulimit[];
  readonly cgroupParent?: string;
  readonly proxyEnv?: ProxyEnv;
  /** Exit codes that count as success. Default: 0. */
  readonly validExitCodes?: readonly number[];
  readonly cdiDevices?: readonly CdiDevice[];
}

/** What becomes of a mount. */
export type MountResult =
  | { readonly kind: "output"; readonly index: number }
  | { readonly kind: "same"; readonly output: StepOutput | null }
  | { readonly kind: "none"; readonly why: string };

/**
 * Makes the step of a command in the form that BuildKit's Go client gives it: mounts of filesystems sorted by
 * destination, so that the root comes first and has output 0, then secrets, then agents.
 */
export function execStep(
  base: State,
  command: readonly string[] | string,
  options: RunOptions,
): { step: NewStep; root: StepOutput | null; mounts: ReadonlyMap<string, MountResult> } {
  const args = typeof command === "string" ? ["/bin/sh", "-c", command] : [...command];
  if (args.length === 0) {
    throw new InputError("IR_NO_ARGS", "a command needs at least one argument", {
      hint: 'Give a list such as ["/bin/true"], or a line for the shell.',
    });
  }
  const { settings } = base;
  const dir = options.dir === undefined ? settings.dir : resolvePath(settings.dir, options.dir);
  const specs = options.mounts ?? [];
  const ssh = sshMounts(specs);
  let env = settings.env;
  for (const [name, value] of Object.entries(options.env ?? {})) env = setEnv(env, name, value);
  if (ssh[0] && !env.some(([name]) => name === "SSH_AUTH_SOCK"))
    env = setEnv(env, "SSH_AUTH_SOCK", ssh[0].dest);

  const inputs = new InputList();
  const results = new Map<string, MountResult>();
  const filesystems = filesystemMounts(specs, dir, {
    dest: "/",
    from: base,
    readonly: options.readonlyRoot,
  });
  let outputs = 0;
  const mounts = filesystems.map((spec): Mount => {
    const from = spec.kind === "tmpfs" ? null : (spec.from?.output ?? null);
    const result = mountResult(spec, from, outputs);
    if (result.kind === "output") outputs++;
    results.set(spec.dest, result);
    return filesystemMount(spec, inputs.add(from), result);
  });
  const secrets = specs.filter((spec) => spec.kind === "secret").map((spec) => secretMount(spec, dir));
  for (const { dest } of [...secrets, ...ssh]) results.set(dest, { kind: "none", why: "secret or ssh" });

  const op: ExecOp = {
    kind: "exec",
    meta: {
      args,
      env: env.map(([name, value]) => `${name}=${value}`),
      cwd: dir,
      user: options.user ?? settings.user,
      ...(options.proxyEnv ? { proxyEnv: options.proxyEnv } : {}),
      extraHosts: options.extraHosts ?? settings.extraHosts,
      hostname: options.hostname ?? settings.hostname,
      ulimit: options.ulimit ?? settings.ulimit,
      cgroupParent: options.cgroupParent ?? settings.cgroupParent,
      removeMountStubsRecursive: true,
      validExitCodes: options.validExitCodes ?? [],
    },
    mounts: [...mounts, ...secrets, ...ssh],
    network: options.network ?? settings.network,
    security: options.security ?? settings.security,
    secretEnv: options.secretEnv ?? [],
    cdiDevices: options.cdiDevices ?? [],
  };
  const platform = options.platform ?? settings.platform ?? "default";
  const step = newStep({ op, inputs: inputs.outputs, platform, caps: requiredCaps(op) }, options);
  const root = results.get("/");
  return { step, root: root?.kind === "output" ? { step, index: root.index } : base.output, mounts: results };
}

type FilesystemSpec = BindMountSpec | CacheMountSpec | TmpfsMountSpec;

function filesystemMounts(specs: readonly MountSpec[], dir: string, root: BindMountSpec): FilesystemSpec[] {
  const mounts: FilesystemSpec[] = [root];
  const taken = new Set(["/"]);
  for (const spec of specs) {
    if (spec.kind === "secret" || spec.kind === "ssh") continue;
    const dest = resolvePath(dir, spec.dest);
    if (taken.has(dest)) {
      throw new InputError("IR_MOUNT_INVALID", `there are two mounts at ${dest}`, {
        hint:
          dest === "/"
            ? "The root is the state itself: use readonlyRoot to protect it."
            : "Remove one of them.",
      });
    }
    taken.add(dest);
    mounts.push({ ...spec, dest });
  }
  return mounts.sort((a, b) => compareUtf8(a.dest, b.dest));
}

function mountResult(spec: FilesystemSpec, from: StepOutput | null, nextOutput: number): MountResult {
  if (spec.kind === "tmpfs" || spec.kind === "cache") return { kind: "none", why: spec.kind };
  if (spec.readonly) return { kind: "same", output: from };
  if (spec.noOutput) return { kind: "none", why: "no-output" };
  return { kind: "output", index: nextOutput };
}

function filesystemMount(spec: FilesystemSpec, input: number, result: MountResult): Mount {
  const base = { dest: spec.dest, input, output: result.kind === "output" ? result.index : NO_OUTPUT };
  switch (spec.kind) {
    case "tmpfs":
      return { kind: "tmpfs", ...base, selector: "", readonly: false, sizeBytes: spec.sizeBytes ?? 0 };
    case "cache": {
      if (spec.id === "") {
        throw new InputError("IR_MOUNT_INVALID", `the cache mount at ${spec.dest} has no id`, {
          hint: "Give it an id; the destination is a good one.",
        });
      }
      const { source = "", readonly = false, sharing = "shared" } = spec;
      return { kind: "cache", ...base, selector: source, readonly, cacheId: spec.id, sharing };
    }
    case "bind":
    case undefined: {
      const { source = "", readonly = false, contentCache = "default" } = spec;
      return { kind: "bind", ...base, selector: source, readonly, contentCache };
    }
    default:
      return unreachable(spec, "mount");
  }
}

function secretMount(spec: SecretMountSpec, dir: string): Mount {
  return {
    kind: "secret",
    dest: resolvePath(dir, spec.dest),
    input: NO_INPUT,
    selector: "",
    output: NO_OUTPUT,
    readonly: false,
    secretId: spec.id,
    uid: spec.uid ?? 0,
    gid: spec.gid ?? 0,
    mode: spec.mode ?? 0o400,
    optional: spec.optional ?? false,
  };
}

function sshMounts(specs: readonly MountSpec[]): Mount[] {
  return specs
    .filter((spec) => spec.kind === "ssh")
    .map((spec, i) => ({
      kind: "ssh",
      dest: resolvePath("/", spec.dest ?? `/run/buildkit/ssh_agent.${i}`),
      input: NO_INPUT,
      selector: "",
      output: NO_OUTPUT,
      readonly: false,
      sshId: spec.id ?? "default",
      uid: spec.uid ?? 0,
      gid: spec.gid ?? 0,
      mode: spec.mode ?? 0o600,
      optional: spec.optional ?? false,
    }));
}
