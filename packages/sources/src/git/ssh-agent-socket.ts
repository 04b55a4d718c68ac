import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import type { SshAgent } from "@slipway/engine-sdk";

/** A socket on this machine that leads to a lent agent. */
export interface AgentSocket {
  /** Absolute; in a folder that only this user can enter. */
  readonly path: string;
  close(): Promise<void>;
}

/** Offers an agent to programs that this process starts, until it is closed. */
export async function offerAgent(agent: SshAgent, signal: AbortSignal): Promise<AgentSocket> {
  // Names of sockets are short: not below the store, whose path may be long.
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "slipway-ssh-"));
  const sockets = new Set<net.Socket>();
  const server = net.createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy()).on("close", () => sockets.delete(socket));
    agent.connect(signal).then(
      (upstream) => {
        upstream.on("error", () => socket.destroy()).on("close", () => socket.destroy());
        socket.on("close", () => upstream.destroy());
        if (socket.destroyed) upstream.destroy();
        else socket.pipe(upstream).pipe(socket);
      },
      () => socket.destroy(),
    );
  });
  const file = path.join(folder, "agent");
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(file, () => resolve());
  });
  return {
    path: file,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      fs.rmSync(folder, { recursive: true, force: true });
    },
  };
}
