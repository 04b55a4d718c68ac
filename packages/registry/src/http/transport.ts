import type {
  IncomingHttpHeaders,
  IncomingMessage,
  Agent as HttpAgent,
  ClientRequest,
  RequestOptions,
} from "node:http";
import type { Agent as HttpsAgent } from "node:https";
import type { Readable } from "node:stream";
import { isLoopbackHost } from "./host.ts";
import { errorCode } from "./retry-policy.ts";
import { DEFAULT_CERT_FOLDERS, isUnknownAuthority, readTlsSettings } from "./tls.ts";

export interface HttpRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** A stream is opened anew for each attempt; its size must be in `content-length`. */
  readonly body?: Uint8Array | (() => Readable);
  /** No certificate is checked. */
  readonly insecure?: boolean;
  /** Silence on the connection that is an error. */
  readonly idleTimeoutMs: number;
  readonly signal: AbortSignal;
}

export interface HttpResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Must be read to its end or destroyed. */
  readonly body: IncomingMessage;
  readonly url: URL;
}

/** The stream of a request's body failed: the connection is not to blame. `cause` is the stream's error. */
export class BodySourceError extends Error {
  constructor(cause: unknown) {
    super("the body of a request could not be read", { cause });
  }
}

/** Sends single requests over connections that are kept. Knows nothing of registries: no redirects, no auth, no retries. */
export interface Transport {
  /** Resolves with any HTTP response; rejects with Node's error when there is none, a BodySourceError, or the signal's reason. */
  send(request: HttpRequest): Promise<HttpResponse>;
  close(): void;
}

export interface TransportOptions {
  readonly certFolders?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
}

// `import("node:http")` reads every export, among them lazy getters that load undici: 25 ms instead of 5.
const http = () => process.getBuiltinModule("node:http");
const https = () => process.getBuiltinModule("node:https");
const tls = () => process.getBuiltinModule("node:tls");

export function createTransport(options: TransportOptions = {}): Transport {
  const env = options.env ?? process.env;
  const agents = new Map<string, HttpAgent | Promise<HttpsAgent>>();
  /** Hosts whose certificate only the system's authorities vouch for. */
  const systemCa = new Set<string>();

  // Connections to this machine never go through a proxy, as with Go's clients.
  const proxyFor = (host: string) => (isLoopbackHost(host) ? {} : { proxyEnv: env });
  const keep = { keepAlive: true, scheduling: "lifo" } as const;

  async function httpsAgent(host: string, insecure: boolean): Promise<HttpsAgent> {
    const settings = readTlsSettings(host, {
      folders: options.certFolders ?? DEFAULT_CERT_FOLDERS,
      env,
    });
    const extra = [
      ...(settings.extraCa ?? []),
      ...(systemCa.has(host) ? tls().getCACertificates("system") : []),
    ];
    return new (https().Agent)({
      ...keep,
      ...proxyFor(host),
      // Without extra authorities Node's own default context is shared, and made only once.
      ...(extra.length > 0 ? { ca: [...tls().getCACertificates("default"), ...extra] } : {}),
      ...(settings.cert ? { cert: settings.cert, key: settings.key } : {}),
      rejectUnauthorized: !insecure,
    });
  }

  function agentFor(url: URL, insecure: boolean): HttpAgent | Promise<HttpsAgent> {
    const key = `${url.protocol}//${url.host} ${insecure}`;
    let agent = agents.get(key);
    if (!agent) {
      agent =
        url.protocol === "https:"
          ? httpsAgent(url.host, insecure)
          : new (http().Agent)({ ...keep, ...proxyFor(url.host) });
      agents.set(key, agent);
    }
    return agent;
  }

  async function sendOnce(request: HttpRequest): Promise<HttpResponse> {
    const agent = await agentFor(request.url, request.insecure ?? false);
    request.signal.throwIfAborted();
    return exchange(request, agent);
  }

  return {
    async send(request) {
      try {
        return await sendOnce(request);
      } catch (error) {
        const { url } = request;
        if (!isUnknownAuthority(errorCode(error)) || systemCa.has(url.host)) throw error;
        // Reading the system's authorities takes long, and most hosts do not need them: only now.
        systemCa.add(url.host);
        agents.delete(`https://${url.host} false`);
        return sendOnce(request);
      }
    },
    close() {
      for (const agent of agents.values()) {
        void Promise.resolve(agent).then(
          (ready) => ready.destroy(),
          () => undefined,
        );
      }
      agents.clear();
    },
  };
}

function exchange(request: HttpRequest, agent: HttpAgent): Promise<HttpResponse> {
  const { url, signal } = request;
  return new Promise((resolve, reject) => {
    let source: Readable | undefined;
    try {
      if (typeof request.body === "function") source = request.body();
    } catch (error) {
      throw new BodySourceError(error);
    }
    const options: RequestOptions = { method: request.method, agent, headers: request.headers };
    const client: ClientRequest =
      url.protocol === "https:" ? https().request(url, options) : http().request(url, options);
    const stop = (error: Error) => {
      client.destroy(error);
      source?.destroy();
    };
    const onAbort = () => stop(signal.reason as Error);
    signal.addEventListener("abort", onAbort, { once: true });
    const finished = () => signal.removeEventListener("abort", onAbort);

    client.setTimeout(request.idleTimeoutMs, () => {
      stop(
        Object.assign(new Error(`nothing was heard for ${request.idleTimeoutMs} ms`), { code: "ETIMEDOUT" }),
      );
    });
    client.on("error", (error) => {
      finished();
      source?.destroy();
      reject(signal.aborted ? (signal.reason as Error) : error);
    });
    client.on("response", (body) => {
      // Once there is a response, an abort must reach whoever reads it.
      signal.removeEventListener("abort", onAbort);
      const abortBody = () => body.destroy(signal.reason as Error);
      if (signal.aborted) abortBody();
      else signal.addEventListener("abort", abortBody, { once: true });
      body.once("close", () => {
        signal.removeEventListener("abort", abortBody);
        // An answer before the whole body was sent (401, 413): the rest must not be read as the next request.
        if (!client.writableFinished) stop(new Error("answered early"));
      });
      resolve({ status: body.statusCode ?? 0, headers: body.headers, body, url });
    });

    if (source) {
      source.on("error", (error) => stop(new BodySourceError(error)));
      // Fewer bytes than announced would leave both sides waiting for the other.
      let missingBytes = Number(request.headers["content-length"]);
      source.on("data", (chunk: Buffer) => (missingBytes -= chunk.length));
      source.on("end", () => {
        if (missingBytes !== 0)
          stop(
            new BodySourceError(
              new Error(`the size of the body is wrong by ${Math.abs(missingBytes)} bytes`),
            ),
          );
      });
      source.pipe(client);
    } else {
      client.end(request.body as Uint8Array | undefined);
    }
  });
}
