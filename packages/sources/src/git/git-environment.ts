import path from "node:path";
import type { GitRemote } from "./git-remote.ts";

/** Variables of the person that reach git; what else there is (config, askpass, tracing, templates) does not. */
const PASSED = [
  "PATH",
  "TMPDIR",
  "HTTP_PROXY",
  "HTTPS_PROXY",
  "ALL_PROXY",
  "NO_PROXY",
  "http_proxy",
  "https_proxy",
  "all_proxy",
  "no_proxy",
  "GIT_SSL_CAINFO",
  "GIT_SSL_CAPATH",
];

export interface GitEnvironmentOptions {
  readonly remote: GitRemote;
  /** An empty folder of this build alone. */
  readonly home: string;
  readonly allowFiles: boolean;
  /** The person's environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly authorization?: string;
  readonly ssh?: SshSettings;
}

export interface SshSettings {
  /** The socket of the lent agent. */
  readonly agentSocket?: string;
  /** Files of known hosts, the first one for those that become known. */
  readonly knownHosts: readonly string[];
  /** Whether hosts that nothing is known of are spoken to. */
  readonly acceptNew: boolean;
}

/**
 * The environment for git: no prompts, no configuration of machine or person, no hooks, no protocols that run programs.
 * Credentials are in here alone: not in arguments, which everybody on the machine can see, and not in files.
 */
export function gitEnvironment(options: GitEnvironmentOptions): Record<string, string> {
  const { remote, home, env, authorization } = options;
  const config: (readonly [string, string])[] = [
    ["core.hooksPath", "/dev/null"],
    ["core.fsmonitor", "false"],
    ["core.attributesFile", "/dev/null"],
    ["core.excludesFile", "/dev/null"],
    ["core.autocrlf", "false"],
    ["core.symlinks", "true"],
    ["core.fileMode", "true"],
    ["core.protectHFS", "true"],
    ["core.protectNTFS", "true"],
    ["credential.helper", ""],
    ["safe.directory", "*"],
    ["init.defaultBranch", "main"],
    ["advice.detachedHead", "false"],
    ["gc.auto", "0"],
    ["maintenance.auto", "false"],
    // The same objects give the same packs.
    ["pack.threads", "1"],
    ["fetch.recurseSubmodules", "false"],
    ["submodule.recurse", "false"],
    ["http.lowSpeedLimit", "100"],
    ["http.lowSpeedTime", "60"],
    ["http.userAgent", "git/2 slipway"],
  ];
  if (authorization !== undefined && remote.origin !== undefined) {
    config.push(
      [`http.${remote.origin}.extraHeader`, `Authorization: ${authorization}`],
      // git would send the header on to wherever it is redirected.
      [`http.${remote.origin}.followRedirects`, "false"],
    );
  }
  const result: Record<string, string> = {
    HOME: home,
    XDG_CONFIG_HOME: home,
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_SYSTEM: "/dev/null",
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_ATTR_NOSYSTEM: "1",
    GIT_TERMINAL_PROMPT: "0",
    GIT_ASKPASS: "/bin/false",
    SSH_ASKPASS: "/bin/false",
    GIT_TEMPLATE_DIR: "",
    // Refused for submodules and redirects, too.
    GIT_ALLOW_PROTOCOL: ["http", "https", "ssh", "git", ...(options.allowFiles ? ["file"] : [])].join(":"),
    GIT_PROTOCOL_FROM_USER: "0",
    GIT_LFS_SKIP_SMUDGE: "1",
    GIT_NO_REPLACE_OBJECTS: "1",
    LC_ALL: "C",
    TZ: "UTC",
    GIT_CONFIG_COUNT: String(config.length),
    GIT_SSH_COMMAND: sshCommand(options.ssh),
  };
  for (const [i, [key, value]] of config.entries()) {
    result[`GIT_CONFIG_KEY_${i}`] = key;
    result[`GIT_CONFIG_VALUE_${i}`] = value;
  }
  for (const name of PASSED) if (env[name] !== undefined) result[name] = env[name];
  if (env["SSL_CERT_FILE"] !== undefined) result["GIT_SSL_CAINFO"] ??= path.resolve(env["SSL_CERT_FILE"]);
  if (options.ssh?.agentSocket !== undefined) result["SSH_AUTH_SOCK"] = options.ssh.agentSocket;
  return result;
}

function sshCommand(ssh: SshSettings | undefined): string {
  const options = [
    "BatchMode=yes",
    // Keys of this machine are not the build's.
    "IdentityFile=none",
    "ForwardAgent=no",
    "ForwardX11=no",
    "ClearAllForwardings=yes",
    "PermitLocalCommand=no",
    "ConnectTimeout=30",
    "ServerAliveInterval=15",
    "ServerAliveCountMax=4",
    "GlobalKnownHostsFile=/dev/null",
    // ssh reads percent signs as names of values.
    `UserKnownHostsFile=${(ssh?.knownHosts ?? ["/dev/null"]).map((file) => `"${file.replaceAll("%", "%%")}"`).join(" ")}`,
    `StrictHostKeyChecking=${ssh?.acceptNew === true ? "accept-new" : "yes"}`,
  ];
  return [
    "ssh",
    "-F",
    "/dev/null",
    ...options.flatMap((option) => ["-o", `'${option.replaceAll("'", String.raw`'\''`)}'`]),
  ].join(" ");
}
