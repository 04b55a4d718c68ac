import { createServer, type Server, type Socket } from "node:net";
import type { SandboxIo, SandboxMount } from "@slipway/engine-sdk";

/** The servers behind the sockets of one sandbox. */
export interface SocketServers {
  /** Ends them and what is connected. */
  close(): void;
}

/** @param fds listening descriptors, one for each `socket` mount in the mounts' order; owned from here on. */
export function serveSockets(
  fds: readonly number[],
  mounts: readonly SandboxMount[],
  io: SandboxIo,
): SocketServers {
  const connections = new Set<Socket>();
  const targets = mounts.filter(({ kind }) => kind === "socket").map(({ target }) => target);
  const servers = fds.map((fd, index): Server => {
    const server = createServer((connection) => {
      connections.add(connection);
      connection.on("close", () => connections.delete(connection));
      // The process may go away at any time.
      connection.on("error", () => undefined);
      if (io.onConnection === undefined) connection.destroy();
      else io.onConnection(targets[index]!, connection);
    });
    return server.on("error", () => undefined).listen({ fd });
  });
  return {
    close() {
      for (const server of servers) server.close();
      for (const connection of connections) connection.destroy();
    },
  };
}
