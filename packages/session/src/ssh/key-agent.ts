import type { SshAgent } from "@slipway/engine-sdk";
import { agentConnection, FAILURE, MESSAGE } from "./agent-protocol.ts";
import type { PrivateKey } from "./private-key.ts";
import { SshReader, sshString, uint32 } from "./wire.ts";

/** An agent of this process's own: no socket, no other process, and the keys are nowhere but in memory. */
export function keyAgent(keys: readonly PrivateKey[]): SshAgent {
  const answer = (request: Buffer): Buffer => {
    if (request[0] === MESSAGE.requestIdentities) return identities(keys);
    try {
      return signature(keys, new SshReader(request.subarray(1)));
    } catch {
      return FAILURE;
    }
  };
  return {
    connect(signal) {
      signal.throwIfAborted();
      return Promise.resolve(agentConnection(answer));
    },
  };
}

function identities(keys: readonly PrivateKey[]): Buffer {
  return Buffer.concat([
    Buffer.of(MESSAGE.identitiesAnswer),
    uint32(keys.length),
    // Comments name people and machines: they stay here.
    ...keys.flatMap((key) => [sshString(key.publicBlob), sshString("")]),
  ]);
}

function signature(keys: readonly PrivateKey[], request: SshReader): Buffer {
  const blob = request.string();
  const data = request.string();
  const key = keys.find(({ publicBlob }) => publicBlob.equals(blob));
  if (!key) return FAILURE;
  return Buffer.concat([Buffer.of(MESSAGE.signResponse), sshString(key.sign(data, request.uint32()))]);
}
