import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { pause } from "@slipway/registry/transport";
import { InputError } from "@slipway/oci";
import type { GitRequestSpec } from "./git-attrs.ts";
import { authorizationFor } from "./git-auth.ts";
import { gitEnvironment, type SshSettings } from "./git-environment.ts";
import { isRetryable, runGit } from "./git-process.ts";
import type { GitSourceOptions } from "./git-options.ts";
import { offerAgent } from "./ssh-agent-socket.ts";

/** Runs git for one repository, with what the build was lent for it. */
export interface GitSession {
  /** Talks to the repository; tried again when the network is at fault. Gives stdout. */
  remote(args: readonly string[], options: GitRunOptions): Promise<string>;
  /** Works on this machine alone. */
  local(args: readonly string[], options: GitRunOptions): Promise<string>;
}

export interface GitRunOptions {
  readonly cwd: string;
  readonly subject: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly onLine?: (line: string) => void;
}

const IDLE_TIMEOUT_MS = 5 * 60_000;
const ATTEMPTS = 3;

/**
 * Opens a session and passes it to `work`; the agent's socket and the folder with known hosts are gone afterwards.
 * @throws InputError `SSH_AGENT_NOT_LENT`, `SECRET_INVALID`
 */
export async function withGitSession<T>(
  spec: GitRequestSpec,
  options: GitSourceOptions,
  task: { readonly signal: AbortSignal; readonly work: (session: GitSession) => Promise<T> },
): Promise<T> {
  const { store, session, allowFiles = false, env = process.env } = options;
  const { signal } = task;
  const authorization = await authorizationFor(spec, session, signal);
  const home = store.temporaryFolder();
  const isSsh = spec.remote.protocol === "ssh";
  const agent = isSsh ? session?.sshAgent(spec.sshAgentId) : undefined;
  if (isSsh && agent === undefined && spec.sshAgentId !== "default") {
    throw new InputError(
      "SSH_AGENT_NOT_LENT",
      `the build wants the ssh agent "${spec.sshAgentId}", which it was not given`,
      {
        hint: `Pass it with --ssh ${spec.sshAgentId}=SOCKET.`,
      },
    );
  }
  const socket = agent === undefined ? undefined : await offerAgent(agent, signal);
  try {
    const environment = {
      remote: spec.remote,
      home,
      env,
      ...(isSsh ? { ssh: sshSettings(spec, home, socket?.path) } : {}),
    };
    const networked = gitEnvironment({
      ...environment,
      allowFiles,
      ...(authorization === undefined ? {} : { authorization }),
    });
    const alone = gitEnvironment({ ...environment, allowFiles: true });
    const secrets = secretsOf(authorization, spec.remote.userInfo);
    const run = (
      base: Record<string, string>,
      args: readonly string[],
      { env: more = {}, ...rest }: GitRunOptions,
    ): Promise<string> =>
      runGit({
        args,
        // A store may lie within somebody's repository: its configuration is not ours.
        env: { ...base, GIT_CEILING_DIRECTORIES: path.dirname(rest.cwd), ...more },
        signal,
        idleTimeoutMs: options.idleTimeoutMs ?? IDLE_TIMEOUT_MS,
        secrets,
        ...rest,
      });
    return await task.work({
      async remote(args, runOptions) {
        for (let attempt = 1; ; attempt++) {
          try {
            return await run(networked, args, runOptions);
          } catch (error) {
            signal.throwIfAborted();
            if (!isRetryable(error) || attempt >= ATTEMPTS) throw error;
            await pause(300 * 2 ** attempt, signal);
          }
        }
      },
      local: (args, runOptions) => run(alone, args, runOptions),
    });
  } finally {
    await socket?.close();
    fs.rmSync(home, { recursive: true, force: true });
  }
}

function sshSettings(spec: GitRequestSpec, home: string, agentSocket: string | undefined): SshSettings {
  const own = path.join(home, "known_hosts");
  fs.writeFileSync(own, spec.knownSshHosts === undefined ? "" : `${spec.knownSshHosts}\n`, { mode: 0o600 });
  const lent = agentSocket === undefined ? {} : { agentSocket };
  if (spec.knownSshHosts !== undefined) return { ...lent, knownHosts: [own], acceptNew: false };
  // Nothing was said of the host: what the person knows counts, and a host that nobody knows is taken as it is.
  const theirs = [path.join(os.homedir(), ".ssh/known_hosts"), "/etc/ssh/ssh_known_hosts"];
  return { ...lent, knownHosts: [own, ...theirs.filter((file) => !file.includes('"'))], acceptNew: true };
}

function secretsOf(authorization: string | undefined, userInfo: string | undefined): string[] {
  const secrets = [authorization, userInfo].filter((text) => text !== undefined);
  const encoded = /^basic (.+)$/i.exec(authorization ?? "")?.[1];
  if (encoded !== undefined) {
    const decoded = Buffer.from(encoded, "base64").toString();
    secrets.push(encoded, decoded, decoded.slice(decoded.indexOf(":") + 1));
  }
  const token = /^bearer (.+)$/i.exec(authorization ?? "")?.[1];
  if (token !== undefined) secrets.push(token);
  return secrets.filter((text) => text.length > 3).sort((a, b) => b.length - a.length);
}
