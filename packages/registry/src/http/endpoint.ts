import { createAuthorizer, type Authorizer } from "../auth/authorizer.ts";
import type { CredentialStore } from "../auth/credentials.ts";
import { apiHost, isLoopbackHost } from "./host.ts";
import { drain } from "./read-body.ts";
import { responseError, unreachable, type Subject } from "./registry-errors.ts";
import {
  attemptsFor,
  backoffMs,
  errorCode,
  isRetryableStatus,
  pause,
  retryAfterMs,
  type RetryPolicy,
} from "./retry-policy.ts";
import { isCertificateError } from "./tls.ts";
import { BodySourceError, type HttpRequest, type HttpResponse, type Transport } from "./transport.ts";

const MAX_REDIRECTS = 8;
const IDLE_TIMEOUT_MS = 60_000;

export interface EndpointRequest {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Below the host, with its leading slash; or a complete URL that the registry gave (an upload's location). */
  readonly target: string | URL;
  /** `repository:<name>:pull[,push]`. */
  readonly scopes: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: HttpRequest["body"];
  /** Statuses that are an answer; every other one is thrown. */
  readonly expect: readonly number[];
  readonly subject: Subject;
  readonly signal: AbortSignal;
  /** False: only a 401 is answered by another attempt; the caller retries on its own terms. Default true. */
  readonly retry?: boolean;
  readonly idleTimeoutMs?: number;
}

/** One registry: finds out how to speak to it, authenticates, follows redirects, retries, and turns failures into errors. */
export interface Endpoint {
  readonly registry: string;
  readonly retry: RetryPolicy;
  /** @throws WorldError `REGISTRY_*`, `TOO_MANY_REQUESTS`; InputError `IMAGE_NOT_FOUND` */
  request(request: EndpointRequest): Promise<HttpResponse>;
}

export interface EndpointOptions {
  readonly registry: string;
  readonly transport: Transport;
  readonly credentials: CredentialStore;
  /** Configured so: plain HTTP and unverified certificates are accepted. */
  readonly insecure: boolean;
  readonly retry: RetryPolicy;
  readonly userAgent: string;
}

interface Scheme {
  readonly protocol: "http:" | "https:";
  /** No certificate is checked. */
  readonly insecure: boolean;
}

function schemesFor(host: string, insecure: boolean): readonly Scheme[] {
  if (insecure)
    return [
      { protocol: "https:", insecure: true },
      { protocol: "http:", insecure: true },
    ];
  // On this machine plain HTTP is the rule, and nobody listens on the way: trying it first saves loading TLS.
  if (isLoopbackHost(host))
    return [
      { protocol: "http:", insecure: false },
      { protocol: "https:", insecure: false },
    ];
  return [{ protocol: "https:", insecure: false }];
}

/** True for the 400 with which TLS servers answer plain HTTP; a registry's own answers carry the version header. */
function isSchemeMismatch(response: HttpResponse, scheme: Scheme): boolean {
  return (
    scheme.protocol === "http:" &&
    response.status === 400 &&
    response.headers["docker-distribution-api-version"] === undefined
  );
}

export function createEndpoint(options: EndpointOptions): Endpoint {
  const { registry, transport, retry: policy } = options;
  const host = apiHost(registry);
  const schemes = schemesFor(host, options.insecure);
  let scheme: Scheme | undefined = schemes.length === 1 ? schemes[0] : undefined;
  const baseHeaders = { "user-agent": options.userAgent, "accept-encoding": "identity" };

  const authorizer: Authorizer = createAuthorizer({
    registry,
    credentials: options.credentials,
    insecure: () => scheme?.protocol === "http:",
    send: (request) =>
      retried(
        () =>
          transport.send({
            ...request,
            headers: { ...baseHeaders, ...request.headers },
            insecure: options.insecure,
            idleTimeoutMs: IDLE_TIMEOUT_MS,
          }),
        { signal: request.signal, subject: { action: `log in to ${registry}`, registry } },
      ),
  });

  /** Tries again on connection errors and on statuses that pass; the last response or error is the result. */
  async function retried(
    send: () => Promise<HttpResponse>,
    { signal, subject, enabled = true }: { signal: AbortSignal; subject: Subject; enabled?: boolean },
  ): Promise<HttpResponse> {
    for (let attempt = 1; ; attempt++) {
      let wait: number;
      try {
        const response = await send();
        if (!enabled || !isRetryableStatus(response.status) || attempt >= policy.attempts) return response;
        wait = backoffMs(attempt, policy, retryAfterMs(response.headers["retry-after"], Date.now()));
        await drain(response.body);
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof BodySourceError) throw error.cause;
        // Errors of ours (a refused log-in) are final; those of Node are about the connection.
        if (error instanceof Error && "family" in error) throw error;
        if (!enabled || attempt >= attemptsFor(error, policy)) {
          throw unreachable(error, subject, !options.insecure && !isLoopbackHost(host));
        }
        wait = backoffMs(attempt, policy);
      }
      await pause(wait, signal);
    }
  }

  /** The first exchange with a host finds out which scheme it speaks. */
  async function sendByScheme(send: (scheme: Scheme) => Promise<HttpResponse>): Promise<HttpResponse> {
    if (scheme) return send(scheme);
    let firstError: unknown;
    for (const [index, candidate] of schemes.entries()) {
      const last = index === schemes.length - 1;
      try {
        const response = await send(candidate);
        if (!last && isSchemeMismatch(response, candidate)) {
          response.body.destroy();
          continue;
        }
        scheme ??= candidate;
        return response;
      } catch (error) {
        const code = errorCode(error);
        if (code === "" || (error instanceof Error && ("family" in error || error.name === "AbortError")))
          throw error;
        if (last) throw firstError === undefined || isCertificateError(code) ? error : firstError;
        firstError ??= error;
      }
    }
    throw firstError;
  }

  function absolute(target: string | URL, by: Scheme): URL {
    if (typeof target === "string") return new URL(`${by.protocol}//${host}${target}`);
    // Registries behind a proxy that ends TLS call themselves http: never follow them down.
    if (target.host === host && by.protocol === "https:" && target.protocol === "http:") {
      return new URL(`https://${host}${target.pathname}${target.search}`);
    }
    return target;
  }

  /** One request, with redirects for what only reads. */
  async function follow(
    request: EndpointRequest,
    by: Scheme,
    authorization: string | undefined,
  ): Promise<HttpResponse> {
    let url = absolute(request.target, by);
    const origin = new URL(`${by.protocol}//${host}`).origin;
    for (let hop = 0; ; hop++) {
      const response = await transport.send({
        method: request.method,
        url,
        // The log-in is for the registry: a blob store that it redirects to must not see it.
        headers: {
          ...baseHeaders,
          ...request.headers,
          ...(authorization && url.origin === origin ? { authorization } : {}),
        },
        body: request.body,
        insecure: by.insecure,
        idleTimeoutMs: request.idleTimeoutMs ?? IDLE_TIMEOUT_MS,
        signal: request.signal,
      });
      const { location } = response.headers;
      const redirect = [301, 302, 303, 307, 308].includes(response.status) && location !== undefined;
      if (!redirect || (request.method !== "GET" && request.method !== "HEAD") || hop >= MAX_REDIRECTS)
        return response;
      await drain(response.body);
      const next = new URL(location, url);
      const downgrade = url.protocol === "https:" && next.protocol === "http:" && !options.insecure;
      if (!/^https?:$/.test(next.protocol) || (downgrade && next.host !== host)) {
        throw unreachable(
          new Error(`it redirects to ${next.protocol}//${next.host}, which is not safe to follow`),
          request.subject,
          false,
        );
      }
      url = absolute(next, by);
    }
  }

  return {
    registry,
    retry: policy,
    async request(request) {
      const { signal, scopes } = request;
      for (let round = 0; ; round++) {
        let sent: string | undefined;
        const response = await retried(
          async () => {
            signal.throwIfAborted();
            sent = await authorizer.header(scopes, signal);
            return sendByScheme((by) => follow(request, by, sent));
          },
          { signal, subject: request.subject, enabled: request.retry ?? true },
        );
        if (request.expect.includes(response.status)) return response;
        if (response.status === 401 && round < 2 && authorizer.challenged(response, scopes, sent)) {
          await drain(response.body);
          continue;
        }
        throw await responseError(response, request.subject);
      }
    },
  };
}
