import type { Duplex } from "node:stream";

/** An ssh agent that the client lends a build. */
export interface SshAgent {
  /**
   * A new connection that speaks the agent protocol. Destroyed by whoever asked for it.
   * @throws WorldError `SSH_AGENT_UNREACHABLE` when the agent behind it is gone.
   */
  connect(signal: AbortSignal): Promise<Duplex>;
}

/**
 * What the client lends one build besides folders. Nothing of it is in keys, logs, layers, events or on disk; steps
 * and sources that ask for what was not lent get undefined and say so themselves.
 * @see facts of BuildKit's wire, "Session services"
 */
export interface BuildSession {
  /**
   * The bytes of a secret, at most 500 KiB; undefined when no secret has the id. Asked anew each time it is needed; the
   * caller does not keep it longer than its step.
   * @throws WorldError or InputError when the secret is lent but cannot be read (file gone, too large).
   */
  secret(id: string, signal: AbortSignal): Promise<Uint8Array | undefined>;
  /** The agent of an id (`default` when the file names none); undefined when none is lent under it. */
  sshAgent(id: string): SshAgent | undefined;
}
