import type { ExecOp, SecretMount, SshMount } from "@slipway/ir";
import { InputError, WorldError } from "@slipway/oci";
import type { BuildSession, SandboxIo, SandboxMount, SshAgent } from "@slipway/engine-sdk";

// What the client lends a step: secrets and ssh agents. Values go into the spec of the sandbox and nowhere else.

/**
 * Refuses to hide a folder of the image behind a file.
 * @param found the kind of what the image has at the mount's destination.
 * @throws InputError `NOT_A_FILE`
 */
export function checkFileTarget(mount: SecretMount | SshMount, found: string | undefined): void {
  if (found !== "dir") return;
  throw new InputError("NOT_A_FILE", `the ${mount.kind} mount at ${mount.dest} would hide a directory`, {
    hint: `Name a file as its target, for example ${mount.dest.replace(/\/$/, "")}/${mount.kind}.`,
    data: { path: mount.dest },
  });
}

/** A file with the secret; undefined when it is optional and was not lent. @throws InputError `SECRET_MISSING` */
export async function secretMount(
  mount: SecretMount,
  target: string,
  from: { readonly session: BuildSession | undefined; readonly signal: AbortSignal },
): Promise<SandboxMount | undefined> {
  const content = await from.session?.secret(mount.secretId, from.signal);
  if (content === undefined) {
    if (mount.optional) return undefined;
    throw missingSecret(mount.secretId);
  }
  return { kind: "secret", target, content, ...ownership(mount) };
}

/**
 * `NAME=value` for each secret that the step wants as a variable; empty for one that is optional and was not lent.
 * @throws InputError `SECRET_MISSING`, `SECRET_NOT_TEXT`
 */
export async function secretVariables(
  op: ExecOp,
  from: { readonly session: BuildSession | undefined; readonly signal: AbortSignal },
): Promise<string[]> {
  const variables: string[] = [];
  for (const { id, name, optional } of op.secretEnv) {
    const content = await from.session?.secret(id, from.signal);
    if (content === undefined && !optional) throw missingSecret(id);
    const bytes = Buffer.from(content ?? []);
    const text = bytes.toString("utf8");
    if (text.includes("\0") || !Buffer.from(text).equals(bytes)) {
      throw new InputError(
        "SECRET_NOT_TEXT",
        `the secret "${id}" is no text, and can't be the variable ${name}`,
        {
          hint: "Mount it as a file: give it a target instead of env.",
        },
      );
    }
    variables.push(`${name}=${text}`);
  }
  return variables;
}

function missingSecret(id: string): InputError<"SECRET_MISSING"> {
  return new InputError(
    "SECRET_MISSING",
    `the step needs the secret "${id}", which the build was not given`,
    {
      hint: `Pass it with --secret id=${id},src=FILE, or --secret id=${id},env=VARIABLE.`,
      data: { secretId: id },
    },
  );
}

/** An agent, and the socket that leads to it. */
export interface LentAgent {
  readonly agent: SshAgent;
  readonly mount: SandboxMount;
}

/** Undefined when the agent is optional and was not lent. @throws InputError `SSH_AGENT_MISSING` */
export function agentMount(
  mount: SshMount,
  target: string,
  session: BuildSession | undefined,
): LentAgent | undefined {
  // Files that name no id leave it empty.
  const id = mount.sshId || "default";
  const agent = session?.sshAgent(id);
  if (agent === undefined) {
    if (mount.optional) return undefined;
    throw new InputError(
      "SSH_AGENT_MISSING",
      `the step needs the ssh agent "${id}", which the build was not given`,
      {
        hint:
          id === "default"
            ? "Pass --ssh default for the agent of SSH_AUTH_SOCK, or --ssh default=KEYFILE."
            : `Pass it with --ssh ${id}=SOCKET, or --ssh ${id}=KEYFILE.`,
        data: { sshId: id },
      },
    );
  }
  return { agent, mount: { kind: "socket", target, ...ownership(mount) } };
}

/** Of a mode only the permissions count, as with BuildKit. */
function ownership({ uid, gid, mode }: SecretMount | SshMount): { uid: number; gid: number; mode: number } {
  return { uid, gid, mode: mode & 0o777 };
}

/** Leads each connection of a step to the agent of its socket. @param onFailure told of agents that are gone */
export function forwardAgents(
  agents: readonly LentAgent[],
  options: { readonly signal: AbortSignal; readonly onFailure: (error: WorldError) => void },
): Pick<SandboxIo, "onConnection"> {
  if (agents.length === 0) return {};
  const byTarget = new Map(agents.map(({ agent, mount }) => [mount.target, agent]));
  return {
    onConnection(target, connection) {
      const opened = byTarget.get(target)?.connect(options.signal);
      if (opened === undefined) connection.destroy();
      else
        opened.then(
          (stream) => {
            for (const [one, other] of [
              [connection, stream],
              [stream, connection],
            ] as const) {
              one.on("error", () => undefined).on("close", () => other.destroy());
              one.pipe(other);
            }
          },
          (error: unknown) => {
            connection.destroy();
            if (error instanceof WorldError) options.onFailure(error);
          },
        );
    },
  };
}
