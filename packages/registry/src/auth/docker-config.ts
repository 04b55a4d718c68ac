import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import path from "node:path";
import { InputError } from "@slipway/oci";
import { runCredentialHelper } from "./credential-helper.ts";
import type { Credential, CredentialStore } from "./credentials.ts";

interface AuthEntry {
  readonly auth?: string;
  readonly username?: string;
  readonly password?: string;
  readonly identitytoken?: string;
  readonly registrytoken?: string;
}

interface ConfigFile {
  readonly auths?: Readonly<Record<string, AuthEntry>>;
  readonly credHelpers?: Readonly<Record<string, string>>;
  readonly credsStore?: string;
}

/** Docker Hub's key in config files, from the time of the first registry API. */
const DOCKER_HUB_KEY = "https://index.docker.io/v1/";

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

// A small file, read at once: loading the promises of fs takes longer than reading it.
function readConfig(file: string): ConfigFile | undefined {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR" || code === "EACCES") return undefined;
    throw error;
  }
  if (text.trim() === "") return undefined;
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // The parser's own message quotes the text, which may be a password: it is not kept as the cause.
    throw new InputError("DOCKER_CONFIG_INVALID", `${file} is not JSON`, {
      hint: "Repair the file, or move it away and run `docker login` again.",
    });
  }
  return isRecord(json) ? (json as ConfigFile) : undefined;
}

/** The host (and path) that a key of `auths` stands for. */
function keyHost(key: string): string {
  const bare = key.replace(/^https?:\/\//, "").replace(/\/+$/, "");
  const host = bare.replace(/\/v[12]$/, "");
  return host === "index.docker.io" || host === "registry-1.docker.io" ? "docker.io" : host;
}

function fromEntry(entry: AuthEntry): Credential | undefined {
  if (entry.identitytoken) return { kind: "identity-token", token: entry.identitytoken };
  if (entry.registrytoken) return { kind: "registry-token", token: entry.registrytoken };
  if (entry.auth) {
    const decoded = Buffer.from(entry.auth, "base64").toString("utf8");
    const colon = decoded.indexOf(":");
    if (colon < 0) return undefined;
    // Docker pads passwords with NUL bytes when it writes them.
    return {
      kind: "password",
      username: decoded.slice(0, colon),
      password: decoded.slice(colon + 1).replace(/\0+$/, ""),
    };
  }
  if (entry.username !== undefined && entry.password !== undefined) {
    return { kind: "password", username: entry.username, password: entry.password };
  }
  return undefined;
}

/** The own property of an object that is what it should be, or undefined. */
function own<T>(record: Readonly<Record<string, T>> | undefined, key: string): T | undefined {
  return isRecord(record) && Object.hasOwn(record, key) ? record[key] : undefined;
}

async function lookUp(
  config: ConfigFile,
  registry: string,
  options: { readonly env: NodeJS.ProcessEnv; readonly signal: AbortSignal },
): Promise<Credential | undefined> {
  const server = registry === "docker.io" ? DOCKER_HUB_KEY : registry;
  const helper = own(config.credHelpers, server) ?? own(config.credHelpers, registry);
  if (helper) return runCredentialHelper(helper, server, options);
  if (config.credsStore) {
    const found = await runCredentialHelper(config.credsStore, server, options);
    if (found) return found;
  }
  if (!isRecord(config.auths)) return undefined;
  for (const [key, entry] of Object.entries(config.auths)) {
    if (keyHost(key) !== registry || !isRecord(entry)) continue;
    const credential = fromEntry(entry as AuthEntry);
    if (credential) return credential;
  }
  return undefined;
}

/** Where Docker's and Podman's log-ins are kept, in the order in which they are asked. */
export function credentialFiles(env: NodeJS.ProcessEnv, home: string): string[] {
  const files = [];
  if (env.REGISTRY_AUTH_FILE) files.push(env.REGISTRY_AUTH_FILE);
  files.push(path.join(env.DOCKER_CONFIG || path.join(home, ".docker"), "config.json"));
  if (env.XDG_RUNTIME_DIR) files.push(path.join(env.XDG_RUNTIME_DIR, "containers/auth.json"));
  files.push(path.join(env.XDG_CONFIG_HOME || path.join(home, ".config"), "containers/auth.json"));
  return files;
}

/**
 * The log-ins of `docker login` and `podman login`: `$REGISTRY_AUTH_FILE`, `$DOCKER_CONFIG/config.json` (default
 * `~/.docker`), then Podman's `containers/auth.json`. In each, a `credHelpers` entry wins, then `credsStore`, then
 * `auths`. Files are read when a registry first asks for a log-in, and once.
 */
export function dockerCredentials(
  options: { readonly env?: NodeJS.ProcessEnv; readonly home?: string } = {},
): CredentialStore {
  const env = options.env ?? process.env;
  let configs: Promise<(ConfigFile | undefined)[]> | undefined;
  return {
    async get(registry, signal) {
      configs ??= Promise.all(credentialFiles(env, options.home ?? homedir()).map(readConfig));
      for (const config of await configs) {
        const credential = config && (await lookUp(config, registry, { env, signal }));
        if (credential) return credential;
      }
      return undefined;
    },
  };
}
