import type { BuildSession, SshAgent } from "@slipway/engine-sdk";
import { InputError } from "@slipway/oci";
import { openSecret, type SecretReader, type Surroundings } from "./secrets.ts";
import type { SecretSource } from "./secret-source.ts";
import { openAgent } from "./ssh/open-agent.ts";
import type { SshSource } from "./ssh-source.ts";

export interface SessionOptions extends Partial<Surroundings> {
  /** Of several with one id the last counts. */
  readonly secrets?: readonly SecretSource[];
  /** Each with an id of its own. */
  readonly ssh?: readonly SshSource[];
}

/**
 * What a client lends a build. Files and sockets are looked at now, so that mistakes show before the build starts; the
 * bytes of secrets are read when a step asks for them. There is nothing to close.
 * @throws InputError `SECRET_NOT_FOUND`, `SECRET_TOO_LARGE`, `SSH_AGENT_MISSING`, `SSH_KEY_INVALID`,
 * `SSH_KEY_ENCRYPTED`, `SSH_INVALID`
 */
export function createSession(options: SessionOptions): BuildSession {
  const surroundings = { env: options.env ?? process.env, cwd: options.cwd ?? process.cwd() };
  const secrets = new Map<string, SecretReader>();
  for (const source of options.secrets ?? []) secrets.set(source.id, openSecret(source, surroundings));
  const agents = new Map<string, SshAgent>();
  for (const source of options.ssh ?? []) {
    if (agents.has(source.id)) {
      throw new InputError("SSH_INVALID", `two ssh agents are lent as "${source.id}"`, {
        hint: `Name several keys at once (--ssh ${source.id}=KEY,KEY), or give each agent an id of its own.`,
      });
    }
    agents.set(source.id, openAgent(source, surroundings));
  }
  return {
    secret(id, signal) {
      signal.throwIfAborted();
      return secrets.get(id)?.() ?? Promise.resolve(undefined);
    },
    sshAgent: (id) => agents.get(id),
  };
}
