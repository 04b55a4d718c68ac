import type { Digest, Platform } from "@slipway/oci";
import type { Definition } from "@slipway/ir";
import type { Diagnostic, Frontend } from "@slipway/frontend-sdk";
import type {
  BuildSession,
  Exporter,
  ExporterResponse,
  ProgressSink,
  SandboxDriver,
  SandboxProbe,
} from "@slipway/engine-sdk";
import type { CredentialStore } from "@slipway/registry";
import type { PruneOptions, UsageRecord } from "@slipway/store";

/** One `--output`, as strings. */
export interface ExportRequest {
  readonly type: string;
  readonly attrs: Readonly<Record<string, string>>;
}

/** @see docker buildx build --allow */
export type Entitlement = "network.host" | "security.insecure" | "device" | `device=${string}`;

export interface BuildRequest {
  /** Name of the frontend; absent to choose by `# syntax=` and the file's name. */
  readonly frontend?: string;
  /** Frontend attributes under BuildKit's names: `filename`, `target`, `build-arg:NAME`, … */
  readonly options: Readonly<Record<string, string>>;
  /** At least one. */
  readonly platforms: readonly Platform[];
  /** What the build may read of this machine: `context`, `dockerfile` and named contexts, as absolute paths. */
  readonly localDirs: Readonly<Record<string, string>>;
  /** Files that the build gets as `http://buildkit-session/<id>` (a context archive from stdin): absolute paths by id. */
  readonly uploads?: Readonly<Record<string, string>>;
  /** Folders in OCI layout that `oci-layout://<store>@<digest>` stands for: absolute paths by store. */
  readonly ociLayouts?: Readonly<Record<string, string>>;
  /** Empty to keep the result in the cache only. */
  readonly exports: readonly ExportRequest[];
  readonly sourceDateEpochSeconds?: number;
  /** Secrets and ssh agents that steps and sources may use; absent for none. */
  readonly session?: BuildSession;
  /** What steps may do beyond the ordinary; default: nothing. */
  readonly entitlements?: readonly Entitlement[];
  /** Resolves relative destinations. */
  readonly cwd: string;
  /** Where `dest=-` goes. */
  readonly stdout: NodeJS.WritableStream;
}

export interface BuildOutcome {
  /** Responses of all exporters, merged, later ones winning. */
  readonly response: ExporterResponse;
  readonly warnings: readonly Diagnostic[];
}

export interface CompiledPlatform {
  readonly platform: Platform;
  readonly definition: Definition;
}

export interface DoctorReport {
  readonly version: string;
  readonly root: string;
  /** Every driver, the chosen one first when there is one. */
  readonly sandboxes: readonly SandboxProbe[];
  /** Name of the driver that RUN will use; absent when none works. */
  readonly chosenSandbox?: string;
  readonly why: string;
  /** Other facts, in order: `["overlayfs", true, "…"]`; false means that something will not work. */
  readonly checks: readonly { readonly name: string; readonly ok: boolean; readonly detail: string }[];
}

export interface BuildContext {
  readonly signal: AbortSignal;
  readonly progress: ProgressSink;
}

/** A Slipway engine over one store. Any number of builds may run at once. */
export interface Engine {
  build(request: BuildRequest, context: BuildContext): Promise<BuildOutcome>;
  /**
   * Asks the frontend about the build file instead of building it: `options.requestid` says what (`frontend.lint`,
   * `frontend.outline`, `frontend.targets`, `frontend.subrequests.describe`). Gives the frontend's result metadata:
   * `result.json`, `result.txt`, `version`, for lint also `result.statuscode`.
   * @throws InputError `SUBREQUEST_UNSUPPORTED` when the frontend does not know the request.
   */
  call(request: BuildRequest, context: BuildContext): Promise<Readonly<Record<string, Uint8Array>>>;
  /** Runs the frontend only. */
  compile(request: BuildRequest, context: BuildContext): Promise<readonly CompiledPlatform[]>;
  doctor(signal: AbortSignal): Promise<DoctorReport>;
  usage(): Promise<readonly UsageRecord[]>;
  prune(options: PruneOptions): AsyncIterable<UsageRecord>;
  /** With `exiting`, what the end of the process does anyway is left to it: it must follow. */
  close(options?: { readonly exiting?: boolean }): Promise<void>;
}

export interface EngineOptions {
  /** Absolute path of the store. */
  readonly root: string;
  /** Name of the sandbox driver to use; absent to choose. */
  readonly sandbox?: string;
  /** Steps that may run at once; default: the number of processors, at least 4. */
  readonly maxParallelism?: number;
  /** Hosts (`host[:port]`) that are spoken to without TLS or with certificates nobody signed. */
  readonly insecureRegistries?: readonly string[];
  /** Default: Docker's config.json and its credential helpers. */
  readonly credentials?: CredentialStore;
  /**
   * What tells this program's code, the engine and its frontends, from every other and from itself after a change. With
   * it, builds that find everything in the cache are remembered, and frontend and solver are skipped when all that such a
   * build had learned still holds. Absent: nothing is remembered. Ignored beside frontends of the caller's.
   */
  readonly codeIdentity?: string;
  /** Told what went wrong in the store and was got over, for example a damaged cache index. Default: nobody. */
  readonly warn?: (message: string) => void;
  /** Beside the built-in ones; a frontend with a built-in's name replaces it. */
  readonly frontends?: readonly Frontend[];
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- options are validated by each exporter's own schema
  readonly exporters?: readonly Exporter<any>[];
  readonly sandboxes?: readonly SandboxDriver[];
  /**
   * Folders with descriptions of devices for `RUN --device`, the less important first. Default: /etc/cdi,
   * /etc/buildkit/cdi, /var/run/cdi. @see Container Device Interface
   */
  readonly deviceFolders?: readonly string[];
}

/** Re-exported so that embedders need no further package for the common case. */
export type { CredentialStore, Digest, PruneOptions, UsageRecord };
