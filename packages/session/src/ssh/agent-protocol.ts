import { duplexPair, type Duplex } from "node:stream";
import { uint32 } from "./wire.ts";

// The agent protocol: each side says a length and so many bytes, of which the first is the kind of the message.
// @see draft-ietf-sshm-ssh-agent, sections 4 and 5

/** Kinds of messages that a build may ask with, and their answers. */
export const MESSAGE = {
  failure: 5,
  requestIdentities: 11,
  identitiesAnswer: 12,
  signRequest: 13,
  signResponse: 14,
} as const;

/** As much as OpenSSH's agent takes. In bytes. */
const MAX_MESSAGE_BYTES = 256 * 1024;

export const FAILURE = Buffer.of(MESSAGE.failure);

/** Answers one message, both without their length. */
export type AgentHandler = (request: Buffer) => Promise<Buffer> | Buffer;

/**
 * A connection to an agent that a handler plays. Only questions get to it: which keys there are, and to sign with one.
 * Whatever would change an agent (add or remove keys, lock it) or is unknown is refused, as BuildKit does.
 * @param end called once, when the connection has ended.
 */
export function agentConnection(handler: AgentHandler, end: () => void = () => undefined): Duplex {
  const [client, server] = duplexPair();
  void serve(server, handler)
    .catch(() => undefined)
    .finally(() => {
      server.destroy();
      end();
    });
  // Whoever destroys its end does not expect errors from it.
  for (const side of [client, server]) side.on("error", () => undefined);
  // A pair's other end does not notice on its own that this one was destroyed.
  client.on("close", () => server.destroy());
  return client;
}

async function serve(server: Duplex, handler: AgentHandler): Promise<void> {
  for await (const request of messages(server)) {
    const kind = request[0];
    const isQuestion = kind === MESSAGE.requestIdentities || kind === MESSAGE.signRequest;
    const answer = isQuestion ? await handler(request) : FAILURE;
    // Waits until it was read: whoever asks without reading answers must not fill the memory.
    await new Promise((resolve) => server.write(framed(answer), resolve));
  }
  server.end();
}

/** A message with its length before it. */
export function framed(message: Uint8Array): Buffer {
  return Buffer.concat([uint32(message.length), message]);
}

/** The messages of a stream, without their lengths. @throws RangeError for one that is too long. */
export async function* messages(stream: AsyncIterable<Buffer>): AsyncGenerator<Buffer, void> {
  let chunks: Buffer[] = [];
  let available = 0;
  let needed = 4;
  for await (const chunk of stream) {
    chunks.push(chunk);
    available += chunk.length;
    // Joined only when there is a message in them: they may come byte by byte.
    while (available >= needed) {
      const joined = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
      const size = joined.readUInt32BE(0);
      if (size === 0 || size > MAX_MESSAGE_BYTES) throw new RangeError("an agent's message is too long");
      needed = 4 + size;
      if (available < needed) {
        chunks = [joined];
        break;
      }
      yield joined.subarray(4, needed);
      chunks = [joined.subarray(needed)];
      available -= needed;
      needed = 4;
    }
  }
}
