import { createDigester, WorldError, type Digest } from "@slipway/oci";
import type { Endpoint } from "../http/endpoint.ts";
import type { Repository } from "../http/host.ts";
import { drain } from "../http/read-body.ts";
import { attemptsFor, backoffMs, pause, type RetryPolicy } from "../http/retry-policy.ts";
import { unreachable, type Subject } from "../http/registry-errors.ts";

/** A blob by digest; a descriptor is one. */
export interface BlobName {
  readonly digest: Digest;
  /** In bytes. When given, a blob of another size is refused as soon as it shows. */
  readonly size?: number;
}

export interface PullBlobOptions {
  readonly endpoint: Endpoint;
  readonly repository: Repository;
  readonly blob: BlobName;
  readonly retry: RetryPolicy;
  readonly signal: AbortSignal;
}

function mismatch(blob: BlobName, registry: string, actual: string): WorldError {
  return new WorldError(
    "BLOB_DIGEST_MISMATCH",
    `${registry} served a blob that is not ${blob.digest}: ${actual}`,
    {
      retryable: true,
      hint: "Pull again; if it stays, the registry or a proxy before it holds a damaged copy.",
      data: { registry, expected: blob.digest },
    },
  );
}

/**
 * The bytes of a blob. A broken connection is taken up where it broke (Range), without starting the digest anew.
 * The digest is checked at the end: bytes are to be trusted only when the iteration ended without an error.
 * @throws WorldError `BLOB_DIGEST_MISMATCH`, `REGISTRY_*`
 */
export async function* pullBlob(options: PullBlobOptions): AsyncGenerator<Buffer, void, undefined> {
  const { endpoint, repository, blob, signal } = options;
  const subject: Subject = {
    action: `pull ${blob.digest} of ${repository.registry}/${repository.repository}`,
    registry: repository.registry,
  };
  const digester = createDigester();
  let doneBytes = 0;
  let attempt = 1;
  for (;;) {
    const startBytes = doneBytes;
    try {
      const response = await endpoint.request({
        method: "GET",
        target: `/v2/${repository.repository}/blobs/${blob.digest}`,
        scopes: [`repository:${repository.repository}:pull`],
        headers: startBytes > 0 ? { range: `bytes=${startBytes}-` } : {},
        expect: [200, 206],
        subject,
        signal,
      });
      const resumes =
        response.status === 206 && response.headers["content-range"]?.startsWith(`bytes ${startBytes}-`);
      if (response.status === 206 && !resumes) {
        await drain(response.body);
        throw mismatch(blob, repository.registry, "it answered with another range than the one asked for");
      }
      // A server that does not know ranges starts over: what is known already is skipped.
      let skipBytes = resumes ? 0 : startBytes;
      for await (const received of response.body as AsyncIterable<Buffer>) {
        const skipped = Math.min(skipBytes, received.length);
        skipBytes -= skipped;
        const chunk = skipped === 0 ? received : received.subarray(skipped);
        if (chunk.length === 0) continue;
        doneBytes += chunk.length;
        if (blob.size !== undefined && doneBytes > blob.size) {
          throw mismatch(blob, repository.registry, `it has more than ${blob.size} bytes`);
        }
        digester.update(chunk);
        yield chunk;
      }
      if (blob.size === undefined || doneBytes === blob.size) break;
      throw Object.assign(new Error(`the transfer ended after ${doneBytes} of ${blob.size} bytes`), {
        code: "ECONNRESET",
      });
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof Error && "family" in error) throw error;
      if (doneBytes > startBytes) attempt = 1;
      if (attempt >= attemptsFor(error, options.retry)) throw unreachable(error, subject, false);
      await pause(backoffMs(attempt, options.retry), signal);
      attempt++;
    }
  }
  const actual = digester.digest();
  if (actual !== blob.digest) throw mismatch(blob, repository.registry, `it is ${actual}`);
}
