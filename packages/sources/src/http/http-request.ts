import {
  attemptsFor,
  backoffMs,
  isRetryableStatus,
  pause,
  retryAfterMs,
  type HttpResponse,
  type RetryPolicy,
  type Transport,
} from "@slipway/registry/transport";
import { SlipwayError } from "@slipway/oci";
import { badRedirect, statusError, tooManyRedirects, transferError } from "./http-errors.ts";

/** What a download may take. */
export interface HttpLimits {
  readonly retry: RetryPolicy;
  readonly maxRedirects: number;
  /** From the request to the headers of the answer. */
  readonly answerTimeoutMs: number;
  /** Silence in the middle of an answer. */
  readonly idleTimeoutMs: number;
  /** An answer that brings fewer than `slowBytes` in such a time has stalled, however often it brings one. */
  readonly slowWindowMs: number;
  readonly slowBytes: number;
  readonly maxBytes: number;
}

export const DEFAULT_LIMITS: HttpLimits = {
  retry: { attempts: 4, initialDelayMs: 250, maxDelayMs: 10_000 },
  maxRedirects: 10,
  answerTimeoutMs: 60_000,
  idleTimeoutMs: 60_000,
  slowWindowMs: 60_000,
  slowBytes: 1024,
  maxBytes: 256 * 1024 ** 3,
};

export interface GetRequest {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** The `Authorization` header: for the host of `url` alone, never for those that it redirects to. */
  readonly authorization?: string;
  readonly limits: HttpLimits;
  readonly signal: AbortSignal;
}

/**
 * Gets a URL, over redirects; an answer of 200 to 299, or 304. Its body must be read or destroyed.
 * @throws the errors of http-errors.ts
 */
export async function get(transport: Transport, request: GetRequest): Promise<HttpResponse> {
  let url = request.url;
  for (let redirects = 0; redirects <= request.limits.maxRedirects; redirects++) {
    const { authorization, ...rest } = request;
    const own = url.origin === request.url.origin && authorization !== undefined;
    const response = await answer(transport, { ...rest, url, ...(own ? { authorization } : {}) });
    const { status } = response;
    // A part of a file (206) that nobody asked for is no success.
    if ((status >= 200 && status <= 299 && status !== 206) || status === 304) return response;
    response.body.destroy();
    if (![301, 302, 303, 307, 308].includes(status)) throw statusError(status, url);
    const target = URL.parse(response.headers.location ?? "", url.href);
    if (!response.headers.location || target === null || !/^https?:$/.test(target.protocol))
      throw badRedirect(url, status);
    url = target;
  }
  throw tooManyRedirects(request.url, request.limits.maxRedirects);
}

/** One address, tried until it answers. */
async function answer(transport: Transport, request: GetRequest): Promise<HttpResponse> {
  const { limits, signal, url } = request;
  for (let attempt = 1; ; attempt++) {
    let response: HttpResponse;
    try {
      response = await send(transport, request);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof SlipwayError) throw error;
      if (attempt >= attemptsFor(error, limits.retry)) throw transferError(error, url);
      await pause(backoffMs(attempt, limits.retry), signal);
      continue;
    }
    if (!isRetryableStatus(response.status) || attempt >= limits.retry.attempts) return response;
    response.body.destroy();
    const wanted = retryAfterMs(response.headers["retry-after"], Date.now());
    await pause(backoffMs(attempt, limits.retry, wanted), signal);
  }
}

async function send(transport: Transport, request: GetRequest): Promise<HttpResponse> {
  const { limits, url } = request;
  const waiting = new AbortController();
  const timer = setTimeout(
    () => waiting.abort(Object.assign(new Error("no answer in time"), { code: "ETIMEDOUT" })),
    limits.answerTimeoutMs,
  );
  try {
    return await transport.send({
      method: "GET",
      url,
      headers: {
        "accept-encoding": "gzip",
        "user-agent": "slipway",
        ...request.headers,
        ...(request.authorization === undefined ? {} : { authorization: request.authorization }),
      },
      idleTimeoutMs: limits.idleTimeoutMs,
      signal: AbortSignal.any([request.signal, waiting.signal]),
    });
  } finally {
    clearTimeout(timer);
  }
}
