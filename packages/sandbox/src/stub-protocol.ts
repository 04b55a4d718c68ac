import type { SandboxMount, SandboxSpec } from "@slipway/engine-sdk";

// What slipway and its stub say to each other over the stub's file descriptors.

/** File descriptors that every stub inherits, besides 0 (/dev/null) and 1 (the process's stdout). */
export const stubFds = {
  /** Where util-linux and a crashing stub complain; never the process's own stderr. */
  diagnostics: 2,
  /** A socket: the job comes in, messages go out. */
  control: 3,
  /** Read by the watch process alone: its end means that slipway is gone or wants the sandbox gone. */
  watch: 4,
  /** The stderr of the process to be. */
  stderr: 5,
  /** A socket over which descriptors of the sandbox's own sockets go to slipway. */
  handover: 6,
} as const;

/** A stub's one and only job: see `encodeJob`, after its length as a 32-bit little-endian number. */
export interface StubJob {
  readonly spec: SandboxSpec;
  /** An empty folder on which the root is mounted, in the stub's own mount namespace. */
  readonly mountPoint: string;
  /** Another one, for assembling mounts. */
  readonly scratch: string;
  /** A folder with empty proc, dev and sys, the lowest layer of roots that lack them. */
  readonly skeleton: string;
  /** Absent: the stub sets everything up by itself and becomes the process. */
  readonly runtime?: StubRuntime;
}

/** An OCI runtime that sets up the process instead. */
export interface StubRuntime {
  readonly kind: "crun" | "runc";
  readonly path: string;
  /** An empty folder on which a filesystem for its bundle and state is mounted. */
  readonly bundle: string;
}

/** What a stub says, one JSON text per line. */
export type StubMessage =
  /** Said by the shell that starts the stub: the host's pid of the process whose end ends the whole sandbox. */
  | { readonly kind: "watch"; readonly pid: number }
  /** So many listening sockets wait on the descriptor `handover`, one for each `socket` mount, in their order. */
  | { readonly kind: "sockets"; readonly count: number }
  /** The process is about to run: whatever comes now on stdout and stderr is its own. */
  | { readonly kind: "started" }
  | {
      readonly kind: "failed";
      readonly code: StubFailureCode;
      readonly message: string;
      readonly hint: string;
    }
  /** Only with a runtime: how the process ended; otherwise the exit of the stub tells. */
  | { readonly kind: "exited"; readonly code: number }
  | { readonly kind: "signaled"; readonly signal: number };

export type StubFailureCode =
  | "COMMAND_NOT_FOUND"
  | "COMMAND_NOT_EXECUTABLE"
  | "SANDBOX_CGROUP_UNUSABLE"
  | "SANDBOX_ROOT_UNUSABLE"
  | "SANDBOX_START_FAILED"
  | "SANDBOX_ULIMIT_UNKNOWN"
  | "SANDBOX_TOO_MANY_LAYERS";

/** A spec as JSON; contents of secrets are in it, and so it belongs on a socket or in memory, never in a file. */
export function encodeSpec(spec: SandboxSpec): string {
  const mounts = spec.mounts.map((mount) =>
    mount.kind === "secret" ? { ...mount, content: Buffer.from(mount.content).toString("base64") } : mount,
  );
  return JSON.stringify({ ...spec, mounts });
}

/** The inverse of `encodeSpec`. */
export function decodeSpec(text: string): SandboxSpec {
  const spec = JSON.parse(text) as SandboxSpec;
  const mounts = spec.mounts.map((mount): SandboxMount => {
    if (mount.kind !== "secret") return mount;
    return { ...mount, content: Buffer.from(mount.content as unknown as string, "base64") };
  });
  return { ...spec, mounts };
}

export function encodeJob(job: StubJob): Buffer {
  return Buffer.from(JSON.stringify({ ...job, spec: encodeSpec(job.spec) }));
}

export function decodeJob(bytes: Buffer): StubJob {
  const job = JSON.parse(bytes.toString("utf8")) as Omit<StubJob, "spec"> & { readonly spec: string };
  return { ...job, spec: decodeSpec(job.spec) };
}
