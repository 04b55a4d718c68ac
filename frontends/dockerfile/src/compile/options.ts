import { formatPlatform, InputError, type Platform } from "@slipway/oci";
import type { FrontendRequest } from "@slipway/frontend-sdk";
import type { HostIp, ProxyEnv, Ulimit } from "@slipway/ir";
import type { DockerfileErrorCode } from "../problems.ts";

/** A request's frontend attributes, read. */
export interface CompileOptions {
  /** Absent means the default names. */
  readonly filename?: string;
  readonly target: string;
  readonly buildArgs: ReadonlyMap<string, string>;
  readonly labels: ReadonlyMap<string, string>;
  /** `context:NAME`, by name. */
  readonly namedContexts: ReadonlyMap<string, string>;
  /** Where the build context is when it is no folder of the client: a git repository or a URL; else empty. */
  readonly context: string;
  /** The folder of a remote context that is the context's root; empty for its own. */
  readonly contextSubdir: string;
  /** Keeps `.git` of a git repository that is the context. */
  readonly keepGitDir: boolean;
  /** True when the build file comes from the client even though the context does not. */
  readonly localBuildFile: boolean;
  /** Local source names of the build context and of the folder of the Dockerfile. */
  readonly contextName: string;
  readonly dockerfileName: string;
  readonly network: "unset" | "host" | "none";
  readonly extraHosts: readonly HostIp[];
  readonly hostname: string;
  readonly ulimits: readonly Ulimit[];
  readonly cgroupParent: string;
  readonly shmSizeBytes: number;
  readonly cacheNamespace: string;
  readonly imageResolveMode: string;
  readonly proxyEnv?: ProxyEnv;
  /** Whether each step becomes a layer of its own, or only what is committed. */
  readonly commit: "implicit" | "explicit";
  /** Seconds since the epoch; `readOptions` leaves it open, since the build file may have a say. */
  readonly sourceDateEpoch?: number;
  readonly multiPlatform: boolean;
  /** True when the platform was asked for, rather than taken from the machine. */
  readonly explicitPlatform: boolean;
  /** Whether a stage's steps run anew. The name is empty for stages without one. */
  ignoresCache(stageName: string): boolean;
}

function invalid(option: string, value: string, hint: string): never {
  throw new InputError<DockerfileErrorCode>(
    "OPTION_INVALID",
    `"${value}" is not a value of the option ${option}`,
    { hint },
  );
}

function withPrefix(options: FrontendRequest["options"], prefix: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const [key, value] of Object.entries(options))
    if (key.startsWith(prefix)) found.set(key.slice(prefix.length), value);
  return found;
}

function list(value: string | undefined): readonly string[] {
  return value === undefined || value === "" ? [] : value.split(",");
}

function readNetwork(value: string | undefined): CompileOptions["network"] {
  if (value === undefined || value === "" || value === "sandbox" || value === "default") return "unset";
  if (value === "host" || value === "none") return value;
  return invalid("force-network-mode", value, "It is default, none or host.");
}

function readCommit(value: string): CompileOptions["commit"] {
  if (value === "" || value === "implicit") return "implicit";
  return value === "explicit" ? value : invalid("commit", value, "It is implicit or explicit.");
}

function readHost(entry: string): HostIp {
  const split = entry.indexOf("=");
  const host = entry.slice(0, split);
  const ip = entry.slice(split + 1).replace(/^\[(.*)\]$/, "$1");
  if (split <= 0 || !/^(?:[\d.]+|[\da-fA-F:.]+)$/.test(ip)) invalid("add-hosts", entry, "Write host=ip.");
  return { host, ip };
}

function readUlimit(entry: string): Ulimit {
  const match = /^(\w+)=(-?\d+)(?::(-?\d+))?$/.exec(entry);
  if (match === null) return invalid("ulimit", entry, "Write name=soft:hard, for example nofile=1024:2048.");
  return { name: match[1]!, soft: Number(match[2]), hard: Number(match[3] ?? match[2]) };
}

function readProxy(buildArgs: ReadonlyMap<string, string>): ProxyEnv | undefined {
  const values = new Map<string, string>();
  for (const key of [...buildArgs.keys()].sort()) {
    if (/^(?:https?|ftp|no|all)_proxy$/i.test(key)) values.set(key.toLowerCase(), buildArgs.get(key)!);
  }
  if (values.size === 0) return undefined;
  const get = (name: string): string => values.get(`${name}_proxy`) ?? "";
  return {
    httpProxy: get("http"),
    httpsProxy: get("https"),
    ftpProxy: get("ftp"),
    noProxy: get("no"),
    allProxy: get("all"),
  };
}

function readBool(buildArgs: ReadonlyMap<string, string>, name: string): boolean {
  const value = buildArgs.get(name) ?? "";
  if (/^(?:1|t|T|true|True|TRUE)$/.test(value)) return true;
  if (/^(?:0|f|F|false|False|FALSE|)$/.test(value)) return false;
  return invalid(`build-arg:${name}`, value, "It is 1 or 0.");
}

/**
 * Reads a request.
 * @throws InputError `OPTION_INVALID`
 */
export function readOptions(request: FrontendRequest): CompileOptions {
  const { options } = request;
  const buildArgs = withPrefix(options, "build-arg:");
  const noCache = options["no-cache"];
  const noCacheStages = noCache === undefined ? null : list(noCache).map((name) => name.toLowerCase());
  const shmSize = options["shm-size"] ?? "";
  if (!/^\d*$/.test(shmSize)) invalid("shm-size", shmSize, "It is a number of bytes.");
  const proxyEnv = readProxy(buildArgs);
  return {
    ...(options.filename ? { filename: options.filename } : {}),
    target: options.target ?? "",
    buildArgs,
    labels: withPrefix(options, "label:"),
    namedContexts: withPrefix(options, "context:"),
    context: options.context ?? "",
    contextSubdir: options.contextsubdir ?? "",
    keepGitDir: readBool(buildArgs, "BUILDKIT_CONTEXT_KEEP_GIT_DIR"),
    localBuildFile: Boolean(options.dockerfilekey),
    contextName: options.contextkey || "context",
    dockerfileName: options.dockerfilekey || "dockerfile",
    network: readNetwork(options["force-network-mode"]),
    extraHosts: list(options["add-hosts"]).map(readHost),
    hostname: buildArgs.get("BUILDKIT_SANDBOX_HOSTNAME") || options.hostname || "",
    ulimits: list(options.ulimit).map(readUlimit),
    cgroupParent: options["cgroup-parent"] ?? "",
    shmSizeBytes: Number(shmSize),
    cacheNamespace: buildArgs.get("BUILDKIT_CACHE_MOUNT_NS") ?? "",
    imageResolveMode: options["image-resolve-mode"] ?? "",
    commit: readCommit(options.commit ?? ""),
    ...(proxyEnv === undefined ? {} : { proxyEnv }),
    multiPlatform:
      request.platforms.length > 1 ||
      /^(?:1|t|true)$/i.test(options["multi-platform"] ?? buildArgs.get("BUILDKIT_MULTI_PLATFORM") ?? ""),
    explicitPlatform: Boolean(options.platform),
    ignoresCache: (name) =>
      noCacheStages !== null && (noCacheStages.length === 0 || noCacheStages.includes(name.toLowerCase())),
  };
}

/** The arguments that exist without being declared, for FROM and as defaults of ARG. @see Dockerfile reference, "Predefined ARGs" */
export function platformArgs(options: {
  readonly build: Platform;
  readonly target: Platform;
  readonly targetStage: string;
}): Map<string, string> {
  const args = new Map<string, string>();
  for (const [prefix, platform] of [
    ["BUILD", options.build],
    ["TARGET", options.target],
  ] as const) {
    args.set(`${prefix}PLATFORM`, formatPlatform(platform));
    args.set(`${prefix}OS`, platform.os);
    args.set(`${prefix}OSVERSION`, platform.osVersion ?? "");
    args.set(`${prefix}ARCH`, platform.architecture);
    args.set(`${prefix}VARIANT`, platform.variant ?? "");
  }
  args.set("TARGETSTAGE", options.targetStage || "default");
  return args;
}
