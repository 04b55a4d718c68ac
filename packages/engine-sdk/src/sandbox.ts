// The contract of RUN: this process with this root, these mounts, this network; stream its output; tell how it ended.

/** The root filesystem of a process. Paths are absolute paths of the host. */
export type SandboxRoot =
  | {
      readonly kind: "overlay";
      /** Topmost first, as overlayfs wants them; at least one. */
      readonly lowerdirs: readonly string[];
      /** Where changes land. */
      readonly upperdir: string;
      /** Empty, on the same filesystem as `upperdir`. */
      readonly workdir: string;
    }
  | { readonly kind: "folder"; readonly path: string };

/**
 * A mount inside the root. Targets exist before the process starts: whoever builds the spec made them. Those below the
 * target of an earlier mount are the exception: the sandbox makes in that mount what is missing there.
 */
export type SandboxMount =
  | {
      readonly kind: "bind";
      /** Absolute path on the host; a folder or a file. */
      readonly source: string;
      /** Absolute path in the root, symlinks already resolved within it. */
      readonly target: string;
      readonly readonly: boolean;
    }
  | {
      readonly kind: "overlay";
      readonly lowerdirs: readonly string[];
      /** Both absent for a read-only mount. */
      readonly upperdir?: string;
      readonly workdir?: string;
      /** Path below the mounted filesystem that is shown at `target`; "" for all of it. */
      readonly subpath: string;
      readonly target: string;
    }
  | {
      readonly kind: "tmpfs";
      readonly target: string;
      /** Absent for the kernel's default. */
      readonly sizeBytes?: number;
      /** Permission bits; default 0o1777. */
      readonly mode?: number;
    };

export interface SandboxProcess {
  /** Not empty; `args[0]` is looked up in the PATH of `env`, inside the root. */
  readonly args: readonly string[];
  /** `KEY=value`. */
  readonly env: readonly string[];
  /** Absolute, in the root; created before, by whoever builds the spec. */
  readonly cwd: string;
  readonly uid: number;
  readonly gid: number;
  readonly additionalGids: readonly number[];
}

export interface SandboxSpec {
  /** Unique among running sandboxes, `[a-z0-9-]{1,64}`. */
  readonly id: string;
  readonly root: SandboxRoot;
  /** In the order in which they are mounted. */
  readonly mounts: readonly SandboxMount[];
  readonly process: SandboxProcess;
  readonly hostname: string;
  readonly network: "host" | "none";
  /** `insecure` keeps all capabilities and no seccomp filter. */
  readonly security: "sandbox" | "insecure";
  readonly ulimits: readonly { readonly name: string; readonly soft: number; readonly hard: number }[];
}

export interface SandboxIo {
  /** Called in order for each stream; the buffer is the callee's to keep. */
  onOutput(stream: "stdout" | "stderr", chunk: Buffer): void;
  readonly signal: AbortSignal;
}

/** How a process ended. */
export type SandboxExit =
  | { readonly kind: "exited"; readonly code: number }
  | { readonly kind: "signaled"; /** `SIGSEGV`, … */ readonly signal: string }
  | { readonly kind: "out-of-memory" };

export interface SandboxProbe {
  readonly driver: string;
  readonly available: boolean;
  /** One line: what makes it available (names, versions), or what is missing and how to get it. */
  readonly reason: string;
  /** What `slipway doctor` shows line by line, for example `["runc", "1.1.5 at /usr/bin/runc"]`. */
  readonly details: readonly (readonly [name: string, value: string])[];
}

/**
 * A way to run processes. Life cycle: probe → (warm) → run, any number at once → close.
 * An implementation leaves no process and no mount behind: not after an exit, not after an abort, not when the
 * calling process is killed with SIGKILL.
 */
export interface SandboxDriver {
  readonly name: string;
  /** Checks by trying, not by guessing from versions; quick (under a second) and without lasting effects. */
  probe(signal: AbortSignal): Promise<SandboxProbe>;
  /** Hints that a run is about to come, so that a start-up cost can be paid ahead. */
  warm?(): void;
  /**
   * Runs one process to its end. Aborting kills everything in the sandbox and rejects with the signal's reason once
   * all of it is gone.
   * @throws WorldError `SANDBOX_*` when the process could not be started at all; InputError `COMMAND_NOT_FOUND`,
   * `COMMAND_NOT_EXECUTABLE` when args[0] can't be.
   */
  run(spec: SandboxSpec, io: SandboxIo): Promise<SandboxExit>;
  close(): Promise<void>;
}
