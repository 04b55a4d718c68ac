import type { Duplex } from "node:stream";

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
    }
  | {
      /** A file that cannot be written to and is in no filesystem but one of its own, in memory that is not swapped out. */
      readonly kind: "secret";
      readonly target: string;
      /** The bytes of the file. They go to the sandbox and nowhere else: into no file, log or error. */
      readonly content: Uint8Array;
      readonly uid: number;
      readonly gid: number;
      /** Permission bits. */
      readonly mode: number;
    }
  | {
      /** A unix socket (stream) that exists in the sandbox alone; see `SandboxIo.onConnection`. */
      readonly kind: "socket";
      readonly target: string;
      readonly uid: number;
      readonly gid: number;
      /** Permission bits. */
      readonly mode: number;
    }
  | {
      /** A device of the machine. Below /dev the sandbox makes the target and the folders that lead to it. */
      readonly kind: "device";
      /** Absolute path of the device node on the host. */
      readonly source: string;
      readonly target: string;
      /** Of the node in the sandbox; in a user namespace, where no node can be made, it is the host's with its owner and mode. */
      readonly uid: number;
      readonly gid: number;
      readonly mode: number;
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
  /**
   * `insecure`: all capabilities that Slipway itself has, whoever the user is, no seccomp filter, no masked paths, /sys
   * writable, nodes for devices can be made and used, and /dev has fuse, kvm, loop devices, net/tun and kmsg.
   */
  readonly security: "sandbox" | "insecure";
  readonly ulimits: readonly { readonly name: string; readonly soft: number; readonly hard: number }[];
  /**
   * The cgroup that the process runs in, by its path below the root of the hierarchy; it exists and is left as it is.
   * Absent for the caller's own.
   */
  readonly cgroupParent?: string;
}

export interface SandboxIo {
  /** Called in order for each stream; the buffer is the callee's to keep. */
  onOutput(stream: "stdout" | "stderr", chunk: Buffer): void;
  /**
   * Called for each connection that a process makes to the socket mounted at `target`. The callee ends it; the sandbox
   * destroys those that are left when the process has ended. Without it connections are closed at once.
   */
  onConnection?(target: string, connection: Duplex): void;
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
