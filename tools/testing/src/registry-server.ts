import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import net from "node:net";
import { freePort } from "./free-port.ts";
import { findCommand } from "./requirements.ts";
import { runCommand } from "./run-command.ts";
import { temporaryFolder, type TemporaryFolder } from "./temporary-folder.ts";

export interface RegistryOptions {
  /** Ask for this name and password (basic auth). Needs the program `htpasswd`. */
  readonly htpasswd?: { readonly username: string; readonly password: string };
  /** Serve HTTPS with a certificate for 127.0.0.1 and localhost that `caFile` vouches for. Needs `openssl`. */
  readonly tls?: boolean;
  /** Where blobs are kept, to be used again by a later registry. Default: a temporary folder that `stop` removes. */
  readonly storage?: string;
  /** Port to listen on. Default: a free one. */
  readonly port?: number;
}

/** A running registry. */
export interface RegistryServer extends AsyncDisposable {
  /** `127.0.0.1:PORT`, as image names begin. */
  readonly host: string;
  readonly port: number;
  readonly url: string;
  /** Folder of the registry's storage. */
  readonly storage: string;
  /** PEM file of the certificate, with `tls`. */
  readonly caFile?: string;
  /** Everything the server has logged so far. */
  log(): string;
  stop(): Promise<void>;
}

/** Starts Debian's `docker-registry` on loopback. The server ends with this process at the latest. */
export async function startRegistry(options: RegistryOptions = {}): Promise<RegistryServer> {
  const folder = temporaryFolder("slipway-registry-");
  try {
    for (let attempt = 1; ; attempt++) {
      const port = options.port ?? (await freePort());
      const server = await tryStart(options, folder, port);
      if (server !== undefined) return server;
      if (attempt === 3)
        throw new Error(`docker-registry does not start:\n${readFileSync(folder.join("log"), "utf8")}`);
    }
  } catch (error) {
    folder.remove();
    throw error;
  }
}

async function tryStart(
  options: RegistryOptions,
  folder: TemporaryFolder,
  port: number,
): Promise<RegistryServer | undefined> {
  const storage = options.storage ?? folder.join("storage");
  mkdirSync(storage, { recursive: true });
  const http: Record<string, unknown> = { addr: `127.0.0.1:${port}` };
  if (options.tls === true) http["tls"] = await makeCertificate(folder);
  const config: Record<string, unknown> = {
    version: "0.1",
    log: { level: "info", accesslog: { disabled: false } },
    storage: { filesystem: { rootdirectory: storage }, delete: { enabled: true } },
    http,
  };
  if (options.htpasswd !== undefined) {
    const { username, password } = options.htpasswd;
    const { stdout } = await runCommand("htpasswd", ["-Bbn", username, password]);
    writeFileSync(folder.join("htpasswd"), stdout);
    config["auth"] = { htpasswd: { realm: "slipway-test", path: folder.join("htpasswd") } };
  }
  // JSON is YAML.
  writeFileSync(folder.join("config.yml"), JSON.stringify(config));

  let log = "";
  // setpriv makes the kernel end the server when this process is killed and cannot.
  const child = spawn(
    "setpriv",
    [
      "--pdeathsig",
      "KILL",
      findCommand("docker-registry") ?? "docker-registry",
      "serve",
      folder.join("config.yml"),
    ],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  const keep = (chunk: Buffer): void => {
    log += chunk.toString();
  };
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  const failure = new Promise<never>((_, reject) => child.once("error", reject));
  const up = await Promise.race([listens(port, child), failure]);
  if (!up) {
    writeFileSync(folder.join("log"), log);
    await stopProcess(child);
    return undefined;
  }
  const stop = async (): Promise<void> => {
    await stopProcess(child);
    folder.remove();
  };
  const host = `127.0.0.1:${port}`;
  return {
    host,
    port,
    url: `${options.tls === true ? "https" : "http"}://${host}`,
    storage,
    ...(options.tls === true && { caFile: folder.join("cert.pem") }),
    log: () => log,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

async function makeCertificate(folder: TemporaryFolder): Promise<{ certificate: string; key: string }> {
  const certificate = folder.join("cert.pem");
  const key = folder.join("key.pem");
  await runCommand("openssl", [
    ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"],
    ...["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"],
    ...["-keyout", key, "-out", certificate],
  ]);
  return { certificate, key };
}

/** Waits until something accepts connections on `port`; false when the process ended first, or after 15 seconds. */
async function listens(port: number, child: ChildProcess): Promise<boolean> {
  const deadlineMs = Date.now() + 15_000;
  while (child.exitCode === null && Date.now() < deadlineMs) {
    const socket = net.connect(port, "127.0.0.1");
    try {
      await once(socket, "connect");
      return child.exitCode === null;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 20));
    } finally {
      socket.destroy();
    }
  }
  return false;
}

async function stopProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
}
