import { createConnection, type Socket } from "node:net";
import type { SshAgent } from "@slipway/engine-sdk";
import { WorldError } from "@slipway/oci";
import { agentConnection, FAILURE, framed, messages } from "./agent-protocol.ts";

/** The agent behind a unix socket; each connection is one of its own there. */
export function socketAgent(file: string): SshAgent {
  return {
    async connect(signal) {
      const socket = await open(file, signal);
      const answers = messages(socket);
      return agentConnection(
        async (request) => {
          socket.write(framed(request));
          const answer = await answers.next();
          return answer.value ?? FAILURE;
        },
        () => socket.destroy(),
      );
    },
  };
}

function open(file: string, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const socket = createConnection({ path: file, signal });
    socket.once("connect", () => {
      socket.off("error", fail);
      socket.on("error", () => undefined);
      resolve(socket);
    });
    const fail = (cause: NodeJS.ErrnoException): void =>
      reject(
        signal.aborted
          ? (signal.reason as Error)
          : new WorldError(
              "SSH_AGENT_UNREACHABLE",
              `the ssh agent at ${file} does not answer: ${cause.code}`,
              {
                hint: "Start it again (eval $(ssh-agent); ssh-add), and run the build again.",
                cause,
              },
            ),
      );
    socket.once("error", fail);
  });
}
