import type { SandboxSpec } from "@slipway/engine-sdk";
import { namesOfCapabilities } from "../rules/capability-names.ts";
import { defaultCapabilities, maskedPaths, readonlyPaths } from "../rules/default-rules.ts";
import { runtimeSeccomp } from "../rules/runtime-seccomp.ts";

export interface RuntimeConfigOptions {
  /** The mounted root, in which /dev is mounted as well. */
  readonly rootfs: string;
  /** The capabilities of slipway itself: nobody can give away more. */
  readonly ownCapabilities: bigint;
  readonly limits: readonly { readonly name: string; readonly soft: bigint; readonly hard: bigint }[];
  /** `process.arch` */
  readonly arch: string;
}

/**
 * The config.json of an OCI runtime's bundle, as text. The root comes with the spec's mounts and with /dev: a runtime
 * adds only what belongs to the namespaces that it makes.
 * @see OCI runtime-spec, config.md and config-linux.md
 */
export function runtimeConfig(spec: SandboxSpec, options: RuntimeConfigOptions): string {
  const sandboxed = spec.security === "sandbox";
  const capabilities = namesOfCapabilities(
    sandboxed ? defaultCapabilities & options.ownCapabilities : options.ownCapabilities,
  );
  const rootsOnly = spec.process.uid === 0 || !sandboxed ? capabilities : [];
  const inherited = sandboxed ? [] : capabilities;
  const sealed = ["nosuid", "noexec", "nodev"];
  const config = {
    ociVersion: "1.0.2",
    hostname: spec.hostname,
    root: { path: options.rootfs, readonly: false },
    process: {
      terminal: false,
      user: {
        uid: spec.process.uid,
        gid: spec.process.gid,
        additionalGids: spec.process.additionalGids,
        umask: 0o022,
      },
      args: spec.process.args,
      env: spec.process.env,
      cwd: spec.process.cwd,
      capabilities: {
        bounding: capabilities,
        effective: rootsOnly,
        permitted: rootsOnly,
        inheritable: inherited,
        ambient: inherited,
      },
      rlimits: options.limits.map(({ name, soft, hard }) => ({
        type: `RLIMIT_${name.toUpperCase()}`,
        soft: rawNumber(soft),
        hard: rawNumber(hard),
      })),
      noNewPrivileges: false,
    },
    mounts: [
      // A runtime that finds /dev bound leaves it as it is.
      { destination: "/dev", type: "bind", source: `${options.rootfs}/dev`, options: ["rbind"] },
      { destination: "/dev/mqueue", type: "mqueue", source: "mqueue", options: sealed },
      { destination: "/proc", type: "proc", source: "proc", options: sealed },
      { destination: "/sys", type: "sysfs", source: "sysfs", options: [...sealed, sandboxed ? "ro" : "rw"] },
    ],
    linux: {
      namespaces: ["pid", "ipc", "uts", "mount", ...(spec.network === "none" ? ["network"] : [])].map(
        (type) => ({ type }),
      ),
      ...(sandboxed ? { maskedPaths, readonlyPaths, seccomp: runtimeSeccomp(options.arch) } : {}),
    },
  };
  return JSON.stringify(config);
}

/** JSON.stringify would not write 64-bit numbers exactly. */
function rawNumber(value: bigint): unknown {
  return (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(value.toString());
}
