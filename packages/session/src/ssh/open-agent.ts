import fs from "node:fs";
import path from "node:path";
import type { SshAgent } from "@slipway/engine-sdk";
import { InputError } from "@slipway/oci";
import type { Surroundings } from "../secrets.ts";
import type { SshSource } from "../ssh-source.ts";
import { EncryptedKeyError } from "./encrypted-key-error.ts";
import { keyAgent } from "./key-agent.ts";
import { parsePrivateKey, type PrivateKey } from "./private-key.ts";
import { socketAgent } from "./socket-agent.ts";

/** A file of a key is no larger. In bytes. */
const MAX_KEY_BYTES = 100 * 1024;

/**
 * The agent of a source: one that runs, or one of our own over private keys.
 * @throws InputError `SSH_AGENT_MISSING`, `SSH_KEY_INVALID`, `SSH_KEY_ENCRYPTED`, `SSH_INVALID`
 */
export function openAgent({ id, paths }: SshSource, { env, cwd }: Surroundings): SshAgent {
  if (paths.length === 0) {
    const file = env["SSH_AUTH_SOCK"];
    if (!file) {
      throw new InputError(
        "SSH_AGENT_MISSING",
        `there is no ssh agent to lend as "${id}": SSH_AUTH_SOCK is not set`,
        {
          hint: `Start one (eval $(ssh-agent); ssh-add), or name a key: --ssh ${id}=$HOME/.ssh/id_ed25519.`,
        },
      );
    }
    if (!existing(id, path.resolve(cwd, file)).isSocket()) {
      throw new InputError("SSH_AGENT_MISSING", `SSH_AUTH_SOCK names ${file}, which is no socket`, {
        hint: "Start an agent: eval $(ssh-agent); ssh-add.",
      });
    }
    return socketAgent(path.resolve(cwd, file));
  }
  const files = paths.map((name) => path.resolve(cwd, name));
  const sockets = files.filter((file) => existing(id, file).isSocket());
  if (sockets.length === 0) return keyAgent(files.map((file) => readKey(file)));
  if (files.length > 1) {
    throw new InputError("SSH_INVALID", `the ssh agent "${id}" names a socket among other files`, {
      hint: "Name one socket or any number of keys, and lend further agents under other ids.",
    });
  }
  return socketAgent(sockets[0]!);
}

function existing(id: string, file: string): fs.Stats {
  const stat = fs.statSync(file, { throwIfNoEntry: false });
  if (stat) return stat;
  throw new InputError(
    "SSH_AGENT_MISSING",
    `there is no ssh agent to lend as "${id}": ${file} does not exist`,
    {
      hint: file.includes("/~/")
        ? "The shell did not expand ~: write $HOME instead."
        : "Name the socket of an agent that runs, or a file with a private key.",
    },
  );
}

function readKey(file: string): PrivateKey {
  let text: string;
  try {
    if (fs.statSync(file).size > MAX_KEY_BYTES) throw new Error("it is too large");
    text = fs.readFileSync(file, "latin1");
  } catch (cause) {
    throw invalidKey(file, cause);
  }
  try {
    return parsePrivateKey(text);
  } catch (cause) {
    if (!(cause instanceof EncryptedKeyError)) throw invalidKey(file, cause);
    throw new InputError("SSH_KEY_ENCRYPTED", `the key ${file} is protected by a passphrase`, {
      hint: `Add it to an agent, which asks for the passphrase (ssh-add ${file}), and lend that: --ssh default.`,
    });
  }
}

function invalidKey(file: string, cause: unknown): InputError<"SSH_KEY_INVALID"> {
  const { code, message } = cause as NodeJS.ErrnoException;
  // OpenSSL's messages say nothing to people, and Node's would name what it could not read.
  const why = code === undefined && !(cause instanceof RangeError) ? message : (code ?? "it is damaged");
  return new InputError("SSH_KEY_INVALID", `${file} can't be used as an ssh key: ${why}`, {
    hint: "Name a file with a private RSA, Ed25519 or ECDSA key, as ssh-keygen makes them; not its .pub file.",
  });
}
