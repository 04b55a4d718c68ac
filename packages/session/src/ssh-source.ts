import { InputError } from "@slipway/oci";

/** An ssh agent that the client lends, and what is behind it. */
export interface SshSource {
  /** What `RUN --mount=type=ssh,id=…` asks for; `default` where that names none. */
  readonly id: string;
  /** The socket of one agent, or files of private keys; none for the agent of SSH_AUTH_SOCK. */
  readonly paths: readonly string[];
}

/**
 * Reads a `--ssh`: `default|ID[=SOCKET|KEY[,KEY…]]`.
 * @throws InputError `SSH_INVALID`
 * @see docker buildx build --ssh
 */
export function parseSsh(text: string): SshSource {
  const equals = text.indexOf("=");
  const id = equals < 0 ? text : text.slice(0, equals);
  const paths = equals < 0 ? [] : text.slice(equals + 1).split(",");
  if (id === "" || paths.includes("")) {
    throw new InputError("SSH_INVALID", id === "" ? "there is no id" : "there is an empty path", {
      hint: "Write it as default for the agent of SSH_AUTH_SOCK, or as ID=SOCKET or ID=KEY,KEY.",
    });
  }
  return { id, paths };
}
