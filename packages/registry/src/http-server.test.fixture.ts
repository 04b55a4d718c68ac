import { spawnSync } from "node:child_process";
import { createServer as createHttpServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";

/** Skips a suite without a tool, or fails it where everything is required. */
export function missingTools(...tools: string[]): string | undefined {
  const missing = tools.filter((tool) => spawnSync("sh", ["-c", `command -v ${tool}`]).status !== 0);
  if (missing.length === 0) return undefined;
  if (process.env.SLIPWAY_REQUIRE_ALL === "1") throw new Error(`these tests need ${missing.join(", ")}`);
  return missing.join(", ");
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
