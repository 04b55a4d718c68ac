import { createHash } from "node:crypto";
import fs from "node:fs";
import type { Readable } from "node:stream";
import type { HttpResponse } from "@slipway/registry/transport";
import { SlipwayError, WorldError, type Digest } from "@slipway/oci";
import { tooLarge, tooSlow, transferError } from "./http-errors.ts";
import type { HttpLimits } from "./http-request.ts";

export interface Received {
  readonly digest: Digest;
  readonly sizeBytes: number;
}

/**
 * Streams a body into a new file, hashing it; content that the server packed for the way is unpacked.
 * @throws WorldError `HTTP_UNREACHABLE`, `HTTP_TOO_SLOW`, InputError `HTTP_TOO_LARGE`; `node:fs` errors
 */
export async function receiveBody(
  response: HttpResponse,
  file: string,
  options: {
    readonly limits: HttpLimits;
    readonly signal: AbortSignal;
    /** Bytes as they came over the network, and all of them (0 when unknown). */
    readonly onProgress: (current: number, total: number) => void;
  },
): Promise<Received> {
  const { limits, signal } = options;
  const { body, url } = response;
  const total = Number(response.headers["content-length"] ?? 0) || 0;
  if (total > limits.maxBytes) {
    body.destroy();
    throw tooLarge(url, limits.maxBytes);
  }
  const handle = await fs.promises.open(file, "wx", 0o600);
  const hash = createHash("sha256");
  let received = 0;
  let sizeBytes = 0;
  let windowBytes = 0;
  const watch = setInterval(() => {
    if (windowBytes < limits.slowBytes) body.destroy(tooSlow(url, limits.slowWindowMs));
    windowBytes = 0;
  }, limits.slowWindowMs);
  try {
    body.on("data", (chunk: Buffer) => {
      received += chunk.length;
      windowBytes += chunk.length;
      options.onProgress(received, total);
    });
    for await (const chunk of await decoded(response)) {
      sizeBytes += chunk.length;
      // Also when little comes over the network: a few bytes of gzip may stand for any number.
      if (sizeBytes > limits.maxBytes) throw tooLarge(url, limits.maxBytes);
      hash.update(chunk);
      for (let done = 0; done < chunk.length;) {
        done += (await handle.write(chunk, done, chunk.length - done)).bytesWritten;
      }
    }
    await handle.datasync();
    return { digest: `sha256:${hash.digest("hex")}` as Digest, sizeBytes };
  } catch (error) {
    body.destroy();
    signal.throwIfAborted();
    if (error instanceof SlipwayError) throw error;
    throw diskError(error, file) ?? transferError(error, url);
  } finally {
    clearInterval(watch);
    await handle.close();
  }
}

/** As Go's clients see it: gzip on the way, and nothing else, is the transport's own affair. */
async function decoded({ body, headers, url }: HttpResponse): Promise<AsyncIterable<Buffer>> {
  const encoding = headers["content-encoding"]?.trim().toLowerCase() ?? "identity";
  if (encoding === "identity" || encoding === "") return body as AsyncIterable<Buffer>;
  if (encoding !== "gzip" && encoding !== "x-gzip") {
    throw new WorldError(
      "HTTP_ENCODING",
      `${url.host} sends the content as "${encoding}", which nobody asked for`,
      {
        hint: "The server does not follow HTTP: use another one.",
      },
    );
  }
  const { createGunzip } = process.getBuiltinModule("node:zlib");
  const { pipeline } = process.getBuiltinModule("node:stream");
  const plain: Readable = createGunzip();
  pipeline(body, plain as ReturnType<typeof createGunzip>, () => undefined);
  return plain as AsyncIterable<Buffer>;
}

/** The error for one that is the disk's fault and not the server's. */
function diskError(error: unknown, file: string): WorldError | undefined {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "ENOSPC" || code === "EDQUOT") {
    return new WorldError("DISK_FULL", `no space left on the disk that holds ${file}`, {
      hint: "Free some with `slipway prune`, or choose another place with --root or SLIPWAY_ROOT.",
      cause: error,
    });
  }
  if (code !== "EIO" && code !== "EROFS") return undefined;
  return new WorldError("STORE_IO", message, {
    hint: "Check the disk that holds the store; --root or SLIPWAY_ROOT choose another.",
    cause: error,
  });
}
