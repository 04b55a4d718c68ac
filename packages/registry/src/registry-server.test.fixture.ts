import { spawn, spawnSync } from "node:child_process";
import { randomInt } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer, type RequestListener } from "node:http";
import { connect, createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";

/** Skips a suite without a tool, or fails it where everything is required. */
export function missingTools(...tools: string[]): string | undefined {
  const missing = tools.filter((tool) => spawnSync("sh", ["-c", `command -v ${tool}`]).status !== 0);
  if (missing.length === 0) return undefined;
  if (process.env.SLIPWAY_REQUIRE_ALL === "1") throw new Error(`these tests need ${missing.join(", ")}`);
  return missing.join(", ");
}

/** Below the ports that the kernel hands out: no connection or server of another test takes it before ours does. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(15_000, 30_000);
    const server = createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once("error", () => resolve(false)).listen(port, "127.0.0.1", () => resolve(true));
    });
    if (!isFree) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve(true);
    });
    socket.on("error", () => resolve(false));
  });
}

export interface RunningRegistry {
  readonly host: string;
  readonly folder: string;
  stop(): Promise<void>;
}

/** Debian's docker-registry with an empty store on a free loopback port. */
export async function startRegistry(
  options: {
    readonly htpasswd?: string;
    readonly tls?: { readonly cert: string; readonly key: string };
  } = {},
): Promise<RunningRegistry> {
  const folder = mkdtempSync(path.join(tmpdir(), "slipway-registry-"));
  const port = await freePort();
  const lines = [
    "version: 0.1",
    "log: {level: error}",
    `storage: {filesystem: {rootdirectory: ${folder}/data}, delete: {enabled: true}}`,
    `http: {addr: "127.0.0.1:${port}"${options.tls ? `, tls: {certificate: ${options.tls.cert}, key: ${options.tls.key}}` : ""}}`,
  ];
  if (options.htpasswd) {
    writeFileSync(`${folder}/htpasswd`, options.htpasswd);
    lines.push(`auth: {htpasswd: {realm: test, path: ${folder}/htpasswd}}`);
  }
  writeFileSync(`${folder}/config.yml`, lines.join("\n"));
  const child = spawn("docker-registry", ["serve", `${folder}/config.yml`], { stdio: "ignore" });
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  for (let tries = 0; ; tries++) {
    if (await listens(port)) break;
    if (tries > 100 || child.exitCode !== null) throw new Error("docker-registry did not start");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    host: `127.0.0.1:${port}`,
    folder,
    async stop() {
      child.kill("SIGKILL");
      await exited;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A server on a free loopback port that answers as told. */
export async function startHttp(listener: RequestListener): Promise<{ host: string; stop(): Promise<void> }> {
  const server = createHttpServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
