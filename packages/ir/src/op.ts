import type { Platform } from "@slipway/oci";

// The ops as values. Names follow LLB's messages; numbers and bytes are the codec's business alone.

/** An index into the inputs of the vertex that holds the op; `NO_INPUT` stands for an empty filesystem. */
export type InputIndex = number;
/** An index into the outputs of the vertex; `NO_OUTPUT` when the result is thrown away. */
export type OutputIndex = number;

export const NO_INPUT = -1;
export const NO_OUTPUT = -1;

/** Brings a filesystem in from outside. */
export interface SourceOp {
  readonly kind: "source";
  /** `docker-image://…`, `local://name`, `git://…`, `https://…`, `oci-layout://…` */
  readonly identifier: string;
  readonly attrs: Readonly<Record<string, string>>;
}

export interface ProxyEnv {
  readonly httpProxy: string;
  readonly httpsProxy: string;
  readonly ftpProxy: string;
  readonly noProxy: string;
  readonly allProxy: string;
}

export interface HostIp {
  readonly host: string;
  readonly ip: string;
}

export interface Ulimit {
  readonly name: string;
  readonly soft: number;
  readonly hard: number;
}

export interface ExecMeta {
  readonly args: readonly string[];
  /** `KEY=value`, in order. */
  readonly env: readonly string[];
  /** Absolute. */
  readonly cwd: string;
  /** `name`, `uid`, `name:group` or `uid:gid`; empty means root. Names are looked up in the root filesystem. */
  readonly user: string;
  /** In no key and in no history. */
  readonly proxyEnv?: ProxyEnv;
  readonly extraHosts: readonly HostIp[];
  readonly hostname: string;
  readonly ulimit: readonly Ulimit[];
  readonly cgroupParent: string;
  readonly removeMountStubsRecursive: boolean;
  /** Exit codes that count as success; empty means 0 alone. */
  readonly validExitCodes: readonly number[];
}

interface MountBase {
  /** Absolute path in the root filesystem; exactly one mount of an exec is at `/`. */
  readonly dest: string;
  readonly input: InputIndex;
  /** Sub-path of the input; empty means all of it. */
  readonly selector: string;
  readonly output: OutputIndex;
  readonly readonly: boolean;
}

export interface BindMount extends MountBase {
  readonly kind: "bind";
  readonly contentCache: "default" | "on" | "off";
}

export interface CacheMount extends MountBase {
  readonly kind: "cache";
  readonly cacheId: string;
  readonly sharing: "shared" | "private" | "locked";
}

export interface TmpfsMount extends MountBase {
  readonly kind: "tmpfs";
  /** 0 means the kernel's default. */
  readonly sizeBytes: number;
}

export interface SecretMount extends MountBase {
  readonly kind: "secret";
  readonly secretId: string;
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
  readonly optional: boolean;
}

export interface SshMount extends MountBase {
  readonly kind: "ssh";
  readonly sshId: string;
  readonly uid: number;
  readonly gid: number;
  readonly mode: number;
  readonly optional: boolean;
}

export type Mount = BindMount | CacheMount | TmpfsMount | SecretMount | SshMount;

export interface SecretEnv {
  readonly id: string;
  readonly name: string;
  readonly optional: boolean;
}

export interface CdiDevice {
  readonly name: string;
  readonly optional: boolean;
}

/** Runs a process. Output n is the filesystem of the mount whose `output` is n, after the process ended. */
export interface ExecOp {
  readonly kind: "exec";
  readonly meta: ExecMeta;
  readonly mounts: readonly Mount[];
  readonly network: "unset" | "host" | "none";
  readonly security: "sandbox" | "insecure";
  readonly secretEnv: readonly SecretEnv[];
  readonly cdiDevices: readonly CdiDevice[];
}

export type UserOpt =
  | {
      readonly kind: "name";
      readonly name: string;
      /** Where passwd and group are looked up. */ readonly input: InputIndex;
    }
  | { readonly kind: "id"; readonly id: number };

export interface ChownOpt {
  readonly user?: UserOpt;
  readonly group?: UserOpt;
}

interface FileActionBase {
  /** What the action changes: an input, or from `inputs.length` on the output of an earlier action. */
  readonly input: InputIndex;
  readonly output: OutputIndex;
}

export interface CopyAction extends FileActionBase {
  readonly kind: "copy";
  /** Where `src` is looked up; numbered like `input`. */
  readonly secondaryInput: InputIndex;
  readonly src: string;
  /** Absolute; a trailing slash means a folder. */
  readonly dest: string;
  readonly owner?: ChownOpt;
  /** Permission bits for everything copied; -1 keeps the source's. */
  readonly mode: number;
  /** Symbolic mode such as `u+rwX,go-w`; empty when unused. */
  readonly modeStr: string;
  readonly followSymlink: boolean;
  readonly dirCopyContents: boolean;
  readonly attemptUnpack: boolean;
  readonly createDestPath: boolean;
  readonly allowWildcard: boolean;
  readonly allowEmptyWildcard: boolean;
  /** Nanoseconds since the epoch, for everything copied; -1 keeps the source's. */
  readonly timestampNs: bigint;
  readonly includePatterns: readonly string[];
  readonly excludePatterns: readonly string[];
  readonly alwaysReplaceExistingDestPaths: boolean;
  readonly requiredPaths: readonly string[];
}

export interface MkfileAction extends FileActionBase {
  readonly kind: "mkfile";
  readonly path: string;
  readonly mode: number;
  readonly data: Uint8Array;
  readonly owner?: ChownOpt;
  readonly timestampNs: bigint;
}

export interface MkdirAction extends FileActionBase {
  readonly kind: "mkdir";
  readonly path: string;
  readonly mode: number;
  readonly makeParents: boolean;
  readonly owner?: ChownOpt;
  readonly timestampNs: bigint;
}

export interface RmAction extends FileActionBase {
  readonly kind: "rm";
  readonly path: string;
  readonly allowNotFound: boolean;
  readonly allowWildcard: boolean;
}

export interface SymlinkAction extends FileActionBase {
  readonly kind: "symlink";
  /** What the link says. */
  readonly oldPath: string;
  /** Where the link is. */
  readonly newPath: string;
  readonly owner?: ChownOpt;
  readonly timestampNs: bigint;
}

export type FileAction = CopyAction | MkfileAction | MkdirAction | RmAction | SymlinkAction;

/** Changes filesystems without running anything. */
export interface FileOp {
  readonly kind: "file";
  readonly actions: readonly FileAction[];
}

/** Lays its inputs over each other, the last on top. */
export interface MergeOp {
  readonly kind: "merge";
  readonly inputs: readonly InputIndex[];
}

/** What has to be laid over `lower` to get `upper`. */
export interface DiffOp {
  readonly kind: "diff";
  readonly lower: InputIndex;
  readonly upper: InputIndex;
}

/** Solves a definition that another vertex produced. */
export interface BuildOp {
  readonly kind: "build";
  /** Always -1: the builder that runs this op. */
  readonly builder: InputIndex;
  readonly inputs: Readonly<Record<string, InputIndex>>;
  readonly attrs: Readonly<Record<string, string>>;
}

export type Op = SourceOp | ExecOp | FileOp | MergeOp | DiffOp | BuildOp;

/** What a vertex needs from the worker that runs it. */
export interface Constraints {
  readonly platform?: Platform;
  /** Containerd filter expressions. */
  readonly filter: readonly string[];
}
