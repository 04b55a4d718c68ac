import { readFileSync } from "node:fs";
import https from "node:https";
import { expect } from "vitest";
import { startRegistry } from "./registry-server.ts";
import { requires } from "./requires.ts";

requires({ commands: ["docker-registry", "setpriv"] }).test(
  "a registry answers on loopback until it is stopped",
  async () => {
    const registry = await startRegistry();
    expect((await fetch(`${registry.url}/v2/`)).status).toBe(200);
    await registry.stop();
    await expect(fetch(`${registry.url}/v2/`)).rejects.toThrow();
  },
);

requires({ commands: ["docker-registry", "setpriv", "htpasswd", "openssl"] }).test(
  "a registry with a password and TLS refuses strangers",
  async () => {
    await using registry = await startRegistry({
      tls: true,
      htpasswd: { username: "ann", password: "s3cret" },
    });
    const status = (headers: Record<string, string>) =>
      new Promise<number | undefined>((resolve, reject) => {
        https
          .get(`${registry.url}/v2/`, { ca: readFileSync(registry.caFile!), headers }, (response) => {
            response.resume();
            resolve(response.statusCode);
          })
          .on("error", reject);
      });
    expect(await status({})).toBe(401);
    expect(await status({ authorization: `Basic ${Buffer.from("ann:s3cret").toString("base64")}` })).toBe(
      200,
    );
  },
);
