import { WorldError } from "@slipway/oci";
import { parseChallenges, type Challenge } from "./challenge.ts";
import type { Credential, CredentialStore } from "./credentials.ts";
import { drain, readBody } from "../http/read-body.ts";
import { redactUrl } from "../http/redact-url.ts";
import { createSharedWork } from "../shared-work.ts";
import { responseError } from "../http/registry-errors.ts";
import { isLoopbackHost } from "../http/host.ts";
import type { HttpRequest, HttpResponse } from "../http/transport.ts";

/** Tokens without a stated life last a minute. @see distribution, spec/auth/token */
const DEFAULT_TOKEN_SECONDS = 60;
/** A token is not used in its last seconds: it may expire on the way. */
const MARGIN_MS = 5_000;
const MAX_TOKEN_BYTES = 1024 * 1024;
const CLIENT_ID = "slipway";

/** Proves to one registry who asks. */
export interface Authorizer {
  /** The `Authorization` header for what is known so far; undefined for none. */
  header(scopes: readonly string[], signal: AbortSignal): Promise<string | undefined>;
  /**
   * Takes in a 401: reads its challenges and forgets a token that was refused.
   * @returns whether another attempt has a chance.
   */
  challenged(response: HttpResponse, scopes: readonly string[], sent: string | undefined): boolean;
}

export interface AuthorizerOptions {
  readonly registry: string;
  readonly credentials: CredentialStore;
  /** Sends a request to the token service, with retries. */
  readonly send: (
    request: Pick<HttpRequest, "method" | "url" | "headers" | "body" | "signal">,
  ) => Promise<HttpResponse>;
  /** True when the registry itself is spoken to without TLS, on purpose. */
  readonly insecure: () => boolean;
}

interface Token {
  readonly value: string;
  readonly expiresMs: number;
}

function basic(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`, "utf8").toString("base64")}`;
}

export function createAuthorizer(options: AuthorizerOptions): Authorizer {
  const { registry } = options;
  const tokens = createSharedWork<Token>(({ expiresMs }) => expiresMs > Date.now());
  const credentials = createSharedWork<Credential | undefined>();
  let challenge: Challenge | undefined;
  /** Scopes that the registry asked for besides ours, by ours. */
  const askedScopes = new Map<string, string>();

  const known = (signal: AbortSignal) =>
    credentials.get("", signal, () => options.credentials.get(registry, signal));

  function failure(message: string, cause?: unknown): WorldError {
    return new WorldError("REGISTRY_UNAUTHORIZED", `could not log in to ${registry}: ${message}`, {
      cause,
      data: { registry },
      hint: `Log in again with \`docker login ${registry}\`.`,
    });
  }

  function realmUrl(realm: string | undefined, secret: boolean): URL {
    let url: URL;
    try {
      url = new URL(realm ?? "");
    } catch {
      throw failure("its token service has no usable address");
    }
    const plain = url.protocol === "http:" && !options.insecure() && !isLoopbackHost(url.host);
    if (!/^https?:$/.test(url.protocol) || (secret && plain)) {
      throw failure(`its token service ${redactUrl(url)} is not on https, so the password was not sent`);
    }
    return url;
  }

  async function fetchToken(
    scopes: readonly string[],
    parameters: Challenge["parameters"],
    signal: AbortSignal,
  ): Promise<Token> {
    const who = await known(signal);
    const url = realmUrl(parameters.realm, who !== undefined);
    const headers: Record<string, string> = { accept: "application/json" };
    let response: HttpResponse;
    if (who?.kind === "identity-token") {
      const form = new URLSearchParams({
        grant_type: "refresh_token",
        client_id: CLIENT_ID,
        refresh_token: who.token,
      });
      if (parameters.service) form.set("service", parameters.service);
      if (scopes.length > 0) form.set("scope", scopes.join(" "));
      const body = Buffer.from(form.toString());
      headers["content-type"] = "application/x-www-form-urlencoded";
      headers["content-length"] = String(body.length);
      response = await options.send({ method: "POST", url, headers, body, signal });
    } else {
      if (parameters.service) url.searchParams.set("service", parameters.service);
      for (const scope of scopes) url.searchParams.append("scope", scope);
      if (who?.kind === "password") {
        url.searchParams.set("account", who.username);
        headers.authorization = basic(who.username, who.password);
      }
      response = await options.send({ method: "GET", url, headers, signal });
    }
    if (response.status !== 200) {
      if (response.status === 401 || response.status === 403) {
        await drain(response.body);
        throw failure(`its token service answered ${response.status}`);
      }
      throw await responseError(response, { action: `log in to ${registry}`, registry });
    }
    let answer: { token?: unknown; access_token?: unknown; expires_in?: unknown };
    try {
      answer = JSON.parse((await readBody(response.body, MAX_TOKEN_BYTES)).toString("utf8")) as typeof answer;
    } catch {
      throw failure("its token service did not answer in JSON");
    }
    const value = answer.token ?? answer.access_token;
    // A line break in a token would forge headers; Node refuses it, but only with an error that shows the token.
    if (typeof value !== "string" || !/^[\x21-\x7e]+$/.test(value))
      throw failure("its token service gave no token");
    const seconds =
      typeof answer.expires_in === "number" && answer.expires_in > 0
        ? answer.expires_in
        : DEFAULT_TOKEN_SECONDS;
    return { value, expiresMs: Date.now() + seconds * 1000 - MARGIN_MS };
  }

  function keyOf(scopes: readonly string[]): string {
    return [...scopes].sort().join(" ");
  }

  async function token(
    scopes: readonly string[],
    parameters: Challenge["parameters"],
    signal: AbortSignal,
  ): Promise<string> {
    const key = keyOf(scopes);
    const asked = askedScopes.get(key);
    const wanted = asked === undefined || scopes.includes(asked) ? scopes : [...scopes, asked];
    const found = await tokens.get(key, signal, () => fetchToken(wanted, parameters, signal));
    return found.value;
  }

  return {
    async header(scopes, signal) {
      if (!challenge) return undefined;
      if (challenge.scheme === "bearer") {
        const who = await known(signal);
        if (who?.kind === "registry-token") return `Bearer ${who.token}`;
        return `Bearer ${await token(scopes, challenge.parameters, signal)}`;
      }
      const who = await known(signal);
      return who?.kind === "password" ? basic(who.username, who.password) : undefined;
    },
    challenged(response, scopes, sent) {
      const offered = parseChallenges(response.headers["www-authenticate"] ?? "");
      const next =
        offered.find(({ scheme }) => scheme === "bearer") ?? offered.find(({ scheme }) => scheme === "basic");
      if (!next) return false;
      const first = challenge === undefined || sent === undefined;
      challenge = next;
      const key = keyOf(scopes);
      const asked = next.parameters.scope;
      const news = asked !== undefined && askedScopes.get(key) !== asked && !scopes.includes(asked);
      if (asked !== undefined) askedScopes.set(key, asked);
      if (next.scheme === "bearer") tokens.forget(key);
      // A basic log-in that was refused once is refused again; a token may only have expired.
      return next.scheme === "bearer" ? true : first || news;
    },
  };
}
