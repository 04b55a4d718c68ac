import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import { InvariantError, WorldError, type Descriptor } from "@slipway/oci";
import type { Endpoint } from "../http/endpoint.ts";
import type { Repository } from "../http/host.ts";
import { drain } from "../http/read-body.ts";
import { responseError, type Subject } from "../http/registry-errors.ts";
import { backoffMs, isRetryableStatus, pause, retryAfterMs, type RetryPolicy } from "../http/retry-policy.ts";
import type { HttpResponse } from "../http/transport.ts";

/** A blob to be pushed; a LayerBlob of the exporters' contract is one. */
export interface PushableBlob {
  readonly descriptor: Pick<Descriptor, "digest" | "size">;
  /** A new stream over all bytes each time. */
  open(): Readable;
  /** A file that holds exactly the blob's bytes; read in preference to `open`. */
  readonly path?: string;
  /** `registry/repository` names that are known to have the blob, for cross-repository mounts. */
  readonly origins?: readonly string[];
}

/** How a blob came to be in the repository. */
export type PushOutcome = "exists" | "mounted" | "uploaded";

export interface PushBlobOptions {
  readonly endpoint: Endpoint;
  readonly repository: Repository;
  readonly blob: PushableBlob;
  readonly retry: RetryPolicy;
  /** Bytes of one PATCH; absent for a single PUT with everything. */
  readonly chunkBytes?: number;
  readonly onProgress?: (sentBytes: number) => void;
  readonly signal: AbortSignal;
}

/** Registries hash a whole blob before they answer the last request. */
const COMMIT_TIMEOUT_MS = 15 * 60_000;
const READ_BYTES = 1024 * 1024;

/** Bytes `start` up to (not including) `end` of a blob. */
function openRange(blob: PushableBlob, start: number, end: number): Readable {
  if (end <= start) return Readable.from([]);
  if (blob.path !== undefined)
    return createReadStream(blob.path, { start, end: end - 1, highWaterMark: READ_BYTES });
  const source = blob.open();
  if (start === 0 && end === blob.descriptor.size) return source;
  return Readable.from(slice(source, start, end));
}

async function* slice(
  source: AsyncIterable<Buffer>,
  start: number,
  end: number,
): AsyncGenerator<Buffer, void, undefined> {
  let at = 0;
  for await (const chunk of source) {
    const from = Math.max(0, start - at);
    const to = Math.min(chunk.length, end - at);
    at += chunk.length;
    if (from < to) yield chunk.subarray(from, to);
    if (at >= end) return;
  }
}

function counted(stream: Readable, onBytes: (bytes: number) => void): Readable {
  stream.on("data", (chunk: Buffer) => onBytes(chunk.length));
  // A listener for data starts the flow at once: hold it until it is piped.
  return stream.pause();
}

/**
 * Brings a blob into a repository, without sending what is there already: looks it up, then tries to mount it from
 * another repository of the same registry, then uploads.
 * @throws WorldError `REGISTRY_*`; what opening or reading the blob throws.
 */
export async function pushBlob(options: PushBlobOptions): Promise<PushOutcome> {
  const { endpoint, repository, blob, signal } = options;
  const { digest, size } = blob.descriptor;
  const name = repository.repository;
  const scopes = [`repository:${name}:pull,push`];
  const subject: Subject = {
    action: `push ${digest} to ${repository.registry}/${name}`,
    registry: repository.registry,
  };

  const present = await endpoint.request({
    method: "HEAD",
    target: `/v2/${name}/blobs/${digest}`,
    scopes,
    expect: [200, 404],
    subject,
    signal,
  });
  await drain(present.body);
  if (present.status === 200) return "exists";

  let upload = await mountOrStart();
  if (upload === undefined) return "mounted";

  for (let attempt = 1; ; attempt++) {
    let response: HttpResponse | undefined;
    let failure: unknown;
    try {
      response = await (options.chunkBytes === undefined
        ? putWhole(upload)
        : putChunks(upload, options.chunkBytes));
      if (response.status === 201 || response.status === 204) {
        await drain(response.body);
        return "uploaded";
      }
      // 404: the registry has forgotten the upload.
      if (!isRetryableStatus(response.status) && response.status !== 404 && response.status !== 416) {
        throw await responseError(response, subject);
      }
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof WorldError) || !error.retryable) throw error;
      failure = error;
    }
    if (attempt >= options.retry.attempts)
      throw failure ?? (await responseError(response as HttpResponse, subject));
    const wait = retryAfterMs(response?.headers["retry-after"], Date.now());
    if (response) await drain(response.body);
    await pause(backoffMs(attempt, options.retry, wait), signal);
    upload = await start();
  }

  async function mountOrStart(): Promise<URL | undefined> {
    const prefix = `${repository.registry}/`;
    const origin = blob.origins?.find(
      (candidate) => candidate.startsWith(prefix) && candidate !== prefix + name,
    );
    // One try: a 202 in answer is an upload as good as a new one, and cancelling it to ask on would cost two requests.
    if (origin !== undefined) return start(origin.slice(prefix.length));
    return start();
  }

  async function start(): Promise<URL>;
  async function start(from: string): Promise<URL | undefined>;
  async function start(from?: string): Promise<URL | undefined> {
    const uploads = `/v2/${name}/blobs/uploads/`;
    const request = (target: string | URL, wanted: readonly string[]) =>
      endpoint.request({
        method: "POST",
        target,
        scopes: wanted,
        headers: { "content-length": "0" },
        expect: [201, 202],
        subject,
        signal,
      });
    let response: HttpResponse;
    try {
      response =
        from === undefined
          ? await request(uploads, scopes)
          : await request(`${uploads}?mount=${digest}&from=${encodeURIComponent(from)}`, [
              ...scopes,
              `repository:${from}:pull`,
            ]);
    } catch (error) {
      // No right to read the other repository: mounting is a shortcut, never a condition.
      if (from === undefined || !(error instanceof WorldError) || error.code === "REGISTRY_UNREACHABLE")
        throw error;
      response = await request(uploads, scopes);
    }
    await drain(response.body);
    if (from !== undefined && response.status === 201) return undefined;
    return locationOf(response);
  }

  function locationOf(response: HttpResponse): URL {
    const { location } = response.headers;
    if (location !== undefined && URL.canParse(location, response.url.href))
      return new URL(location, response.url);
    throw new WorldError(
      "REGISTRY_ERROR",
      `could not ${subject.action}: ${repository.registry} did not say where to upload`,
      {
        hint: "Check that the host is an OCI registry.",
        data: { registry: repository.registry },
      },
    );
  }

  function withDigest(location: URL): URL {
    const url = new URL(location);
    url.searchParams.set("digest", digest);
    return url;
  }

  async function putWhole(location: URL): Promise<HttpResponse> {
    return endpoint.request({
      method: "PUT",
      target: withDigest(location),
      scopes,
      headers: { "content-type": "application/octet-stream", "content-length": String(size) },
      body: () => {
        let sentBytes = 0;
        return counted(openRange(blob, 0, size), (bytes) => options.onProgress?.((sentBytes += bytes)));
      },
      expect: [201, 204, 404, 408, 416, 429, 500, 502, 503, 504],
      subject,
      // An upload's state after a failure is unknown: the caller starts a new one.
      retry: false,
      idleTimeoutMs: COMMIT_TIMEOUT_MS,
      signal,
    });
  }

  /** Sends chunks, asking after a failure how much has arrived. The last request closes the upload. */
  async function putChunks(first: URL, chunkBytes: number): Promise<HttpResponse> {
    if (!(chunkBytes > 0)) throw new InvariantError(`chunks of ${chunkBytes} bytes`);
    let location = first;
    let at = 0;
    let failures = 0;
    while (at < size) {
      const end = Math.min(size, at + chunkBytes);
      let response: HttpResponse;
      try {
        const from = at;
        response = await endpoint.request({
          method: "PATCH",
          target: location,
          scopes,
          headers: {
            "content-type": "application/octet-stream",
            "content-length": String(end - from),
            "content-range": `${from}-${end - 1}`,
          },
          body: () => {
            let sentBytes = from;
            return counted(openRange(blob, from, end), (bytes) => options.onProgress?.((sentBytes += bytes)));
          },
          expect: [202, 404, 408, 416, 429, 500, 502, 503, 504],
          subject,
          retry: false,
          signal,
        });
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof WorldError) || !error.retryable || ++failures >= options.retry.attempts)
          throw error;
        await pause(backoffMs(failures, options.retry), signal);
        ({ location, at } = await resume(location));
        continue;
      }
      if (response.status === 404) return response;
      if (response.status !== 202) {
        if (++failures >= options.retry.attempts) return response;
        await drain(response.body);
        await pause(
          backoffMs(failures, options.retry, retryAfterMs(response.headers["retry-after"], Date.now())),
          signal,
        );
        ({ location, at } = await resume(location));
        continue;
      }
      await drain(response.body);
      location = locationOf(response);
      failures = 0;
      // After one byte, "0-0" means that byte; see resume.
      at = end === 1 ? end : (received(response) ?? end);
    }
    return endpoint.request({
      method: "PUT",
      target: withDigest(location),
      scopes,
      headers: { "content-length": "0" },
      expect: [201, 204, 404, 408, 416, 429, 500, 502, 503, 504],
      subject,
      retry: false,
      idleTimeoutMs: COMMIT_TIMEOUT_MS,
      signal,
    });
  }

  /** Where to go on after a failure. Asks the registry; an answer that says nothing costs a new upload. */
  async function resume(location: URL): Promise<{ location: URL; at: number }> {
    const response = await endpoint.request({
      method: "GET",
      target: location,
      scopes,
      expect: [204, 404],
      subject,
      signal,
    });
    await drain(response.body);
    const at = received(response);
    // "0-0" is an empty upload with some registries, and one of a single byte with others.
    if (response.status === 404 || at === undefined || at === 1) return { location: await start(), at: 0 };
    return { location: locationOf(response), at };
  }

  /** How many bytes the registry has, from `Range: 0-<last>`. */
  function received(response: HttpResponse): number | undefined {
    const last = /^(?:bytes=)?0-(\d+)$/.exec(response.headers.range ?? "")?.[1];
    return last === undefined ? undefined : Math.min(Number(last) + 1, size);
  }
}
