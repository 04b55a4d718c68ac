import { randomInt } from "node:crypto";
import { once } from "node:events";
import net from "node:net";

/** Below the ports that the kernel hands out to connections and servers that name none. */
const FIRST_PORT = 15_000;
const LAST_PORT = 29_999;

/**
 * A TCP port on 127.0.0.1 that nothing listened on a moment ago, and that no connection or server takes by chance.
 * Another caller of this may take it first: whoever starts a server on it tries again with another one.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(FIRST_PORT, LAST_PORT + 1);
    const server = net.createServer();
    const isFree = await new Promise<boolean>((resolve) => {
      server.once("error", () => resolve(false)).listen(port, "127.0.0.1", () => resolve(true));
    });
    if (!isFree) continue;
    server.close();
    await once(server, "close");
    return port;
  }
}
