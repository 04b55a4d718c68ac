import type { Readable } from "node:stream";
import { WorldError } from "@slipway/oci";

/**
 * All bytes of a body.
 * @throws WorldError `REGISTRY_ANSWER_TOO_LARGE` beyond `maxBytes`, without reading on.
 */
export async function readBody(body: Readable, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > maxBytes) {
      body.destroy();
      throw new WorldError(
        "REGISTRY_ANSWER_TOO_LARGE",
        `the registry's answer is larger than ${maxBytes} bytes`,
        {
          hint: "No registry serves documents of that size: check that the host is a registry.",
        },
      );
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** Reads a body away, so that its connection can be used again; gives up on long ones. */
export async function drain(body: Readable): Promise<void> {
  await readBody(body, 64 * 1024).catch(() => body.destroy());
}
