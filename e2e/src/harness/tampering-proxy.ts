import { once } from "node:events";
import http from "node:http";
import type net from "node:net";

/** Stands in front of a registry and damages blobs on their way while told to. */
export interface TamperingProxy extends AsyncDisposable {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  /** Blobs are damaged while true, which they are at first. */
  tampering: boolean;
  /** How many answers were damaged. */
  readonly damaged: number;
}

/** Starts a proxy for the registry at `upstream` (`127.0.0.1:PORT`, plain HTTP). It flips one bit in each blob. */
export async function startTamperingProxy(upstream: string): Promise<TamperingProxy> {
  const [hostname, port] = upstream.split(":");
  const state = { tampering: true, damaged: 0 };
  const server = http.createServer((request, response) => {
    const onward = http.request(
      {
        hostname,
        port,
        path: request.url,
        method: request.method,
        headers: { ...request.headers, host: upstream },
      },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        const damage =
          state.tampering && /\/blobs\/sha256:/.test(request.url ?? "") && request.method === "GET";
        let first = true;
        answer.on("data", (chunk: Buffer) => {
          if (damage && first && answer.statusCode === 200 && chunk.length > 0) {
            chunk[chunk.length - 1]! ^= 1;
            state.damaged++;
            first = false;
          }
          response.write(chunk);
        });
        answer.on("end", () => response.end());
        answer.on("error", () => response.destroy());
      },
    );
    onward.on("error", () => response.destroy());
    request.pipe(onward);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    host: `127.0.0.1:${(server.address() as net.AddressInfo).port}`,
    get tampering() {
      return state.tampering;
    },
    set tampering(value) {
      state.tampering = value;
    },
    get damaged() {
      return state.damaged;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
