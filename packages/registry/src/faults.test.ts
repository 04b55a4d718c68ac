import { randomBytes } from "node:crypto";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { MediaTypes, sha256, type Digest } from "@slipway/oci";
import { afterEach, describe, expect, it } from "vitest";
import { createRegistryClient, staticCredentials, type RegistryClientOptions } from "./index.ts";
import { startHttp } from "./http-server.test.fixture.ts";

const signal = new AbortController().signal;
const stops: (() => Promise<void>)[] = [];
afterEach(async () => {
  await Promise.all(stops.splice(0).map((stop) => stop()));
});

async function serve(listener: RequestListener): Promise<string> {
  const server = await startHttp(listener);
  stops.push(server.stop);
  return server.host;
}

const client = (options: RegistryClientOptions = {}) =>
  createRegistryClient({ retry: { attempts: 4, initialDelayMs: 5, maxDelayMs: 2000 }, ...options });
const repository = (registry: string) => ({ registry, repository: "team/app" });

async function pull(
  registry: string,
  blob: { digest: Digest; size?: number },
  options: RegistryClientOptions = {},
): Promise<Buffer> {
  const chunks = [];
  for await (const chunk of client(options).blob(repository(registry), blob, { signal })) chunks.push(chunk);
  return Buffer.concat(chunks);
}

const bytes = randomBytes(500_000);
const blob = { digest: sha256(bytes), size: bytes.length };

function rangeStart(request: IncomingMessage): number {
  return Number(/bytes=(\d+)-/.exec(request.headers.range ?? "")?.[1] ?? 0);
}

/** Sends some bytes of a full-length answer, then cuts the connection. */
function cutAfter(response: ServerResponse, part: Buffer) {
  response.write(part, () => setTimeout(() => response.destroy(), 5));
}

describe("pulling through trouble", () => {
  it("waits and asks again after 500, 503, 429 and a reset, and then gives what was asked for", async () => {
    let requests = 0;
    const host = await serve((request, response) => {
      requests++;
      if (requests === 1) response.writeHead(500).end("oops");
      else if (requests === 2) response.writeHead(429, { "retry-after": "0" }).end();
      else if (requests === 3) request.socket.destroy();
      else response.end(bytes);
    });
    expect((await pull(host, blob)).equals(bytes)).toBe(true);
    expect(requests).toBe(4);
  });

  it("waits as long as Retry-After says", async () => {
    let requests = 0;
    const times: number[] = [];
    const host = await serve((_request, response) => {
      times.push(Date.now());
      if (requests++ === 0) response.writeHead(429, { "retry-after": "1" }).end();
      else response.end(bytes);
    });
    await pull(host, blob);
    expect(times[1]! - times[0]!).toBeGreaterThanOrEqual(990);
  });

  it("gives up on a registry that stays broken, with its own words", async () => {
    let requests = 0;
    const host = await serve((_request, response) => {
      requests++;
      response
        .writeHead(503)
        .end(JSON.stringify({ errors: [{ code: "UNAVAILABLE", message: "disk on fire" }] }));
    });
    await expect(pull(host, blob)).rejects.toMatchObject({
      code: "REGISTRY_ERROR",
      message: expect.stringContaining("UNAVAILABLE: disk on fire") as string,
      retryable: true,
    });
    expect(requests).toBe(4);
  });

  it("tells apart too many requests", async () => {
    const host = await serve((_request, response) => response.writeHead(429).end());
    await expect(pull(host, blob)).rejects.toMatchObject({ code: "TOO_MANY_REQUESTS" });
  });

  it("goes on where a transfer broke, with servers that know ranges and with those that do not", async () => {
    for (const knowsRanges of [true, false]) {
      const starts: number[] = [];
      const host = await serve((request, response) => {
        const start = rangeStart(request);
        starts.push(start);
        if (start > 0 && knowsRanges)
          response.writeHead(206, { "content-range": `bytes ${start}-${bytes.length - 1}/${bytes.length}` });
        else response.writeHead(200, { "content-length": bytes.length });
        const from = knowsRanges ? start : 0;
        if (starts.length < 4) cutAfter(response, bytes.subarray(from, 100_000 * starts.length));
        else response.end(bytes.subarray(from));
      });
      expect((await pull(host, blob)).equals(bytes)).toBe(true);
      expect(starts).toEqual([0, 100_000, 200_000, 300_000]);
    }
  });

  it("refuses a blob with other bytes, too many or for ever too few", async () => {
    const answers = [randomBytes(bytes.length), Buffer.concat([bytes, bytes])];
    for (const answer of answers) {
      const host = await serve((_request, response) => response.end(answer));
      await expect(pull(host, blob)).rejects.toMatchObject({ code: "BLOB_DIGEST_MISMATCH" });
    }
    const host = await serve((request, response) => {
      // Honest about ranges, but its file is cut off.
      const start = rangeStart(request);
      if (start > 0)
        response.writeHead(206, { "content-range": `bytes ${start}-${bytes.length - 1}/${bytes.length}` });
      response.end(bytes.subarray(start, 1000));
    });
    await expect(pull(host, blob)).rejects.toMatchObject({ code: "REGISTRY_UNREACHABLE" });
  });

  it("refuses a manifest that is not the digest asked for, or larger than 4 MiB", async () => {
    const host = await serve((request, response) => {
      response.setHeader("content-type", MediaTypes.ociManifest);
      response.end(request.url?.includes("big") ? Buffer.alloc(5 * 1024 * 1024, 0x20) : "{}");
    });
    await expect(
      client().manifest({ ...repository(host), digest: sha256("x") }, { signal }),
    ).rejects.toMatchObject({ code: "BLOB_DIGEST_MISMATCH" });
    await expect(client().manifest({ ...repository(host), tag: "big" }, { signal })).rejects.toMatchObject({
      code: "REGISTRY_ANSWER_TOO_LARGE",
    });
  });

  it("asks again for a manifest whose transfer broke", async () => {
    const manifest = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        config: { mediaType: MediaTypes.ociConfig, digest: sha256("c"), size: 1 },
        layers: [],
      }),
    );
    let requests = 0;
    const host = await serve((_request, response) => {
      response.writeHead(200, { "content-type": MediaTypes.ociManifest, "content-length": manifest.length });
      if (++requests < 3) cutAfter(response, manifest.subarray(0, 10));
      else response.end(manifest);
    });
    const found = await client().manifest({ ...repository(host), tag: "x" }, { signal });
    expect(found.descriptor.digest).toBe(sha256(manifest));
    requests = -10;
    await expect(client().manifest({ ...repository(host), tag: "x" }, { signal })).rejects.toMatchObject({
      code: "REGISTRY_UNREACHABLE",
    });
  });

  it("says that nobody listens, soon", async () => {
    const host = await serve(() => undefined);
    await stops.pop()!();
    const startedMs = Date.now();
    await expect(client().resolve({ ...repository(host), tag: "x" }, { signal })).rejects.toMatchObject({
      code: "REGISTRY_UNREACHABLE",
      message: expect.stringContaining("ECONNREFUSED") as string,
    });
    expect(Date.now() - startedMs).toBeLessThan(20_000);
  });

  it("stops at once when aborted: while waiting, in the middle of a body, and during a pause between attempts", async () => {
    const reason = new Error("stop it");
    const hosts = [
      await serve(() => undefined),
      await serve(
        (_request, response) =>
          void response.writeHead(200, { "content-length": bytes.length }).write(bytes.subarray(0, 10)),
      ),
      await serve((_request, response) => response.writeHead(429, { "retry-after": "60" }).end()),
    ];
    for (const host of hosts) {
      const controller = new AbortController();
      setTimeout(() => controller.abort(reason), 50);
      const startedMs = Date.now();
      const all = async () => {
        // A pause that nobody ends would take a minute.
        const patient = client({ retry: { attempts: 4, initialDelayMs: 5, maxDelayMs: 60_000 } });
        for await (const _ of patient.blob(repository(host), blob, { signal: controller.signal }));
      };
      await expect(all()).rejects.toBe(reason);
      expect(Date.now() - startedMs).toBeLessThan(20_000);
    }
  });

  it("gets along without a digest header on HEAD, and without HEAD at all", async () => {
    const manifest = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        config: { mediaType: MediaTypes.ociConfig, digest: sha256("c"), size: 1 },
        layers: [],
      }),
    );
    for (const status of [200, 405]) {
      const host = await serve((request, response) => {
        if (request.method === "HEAD") response.writeHead(status).end();
        else response.setHeader("content-type", "application/json").end(manifest);
      });
      expect(await client().resolve({ ...repository(host), tag: "x" }, { signal })).toEqual({
        mediaType: MediaTypes.ociManifest,
        digest: sha256(manifest),
        size: manifest.length,
      });
    }
  });
});

describe("authentication", () => {
  /** A registry with a token service of its own; `seen` collects what the token service was sent. */
  async function tokenRegistry(accept: (request: IncomingMessage, body: string) => boolean) {
    const seen: { method: string; url: string; authorization?: string; body: string }[] = [];
    let issued = 0;
    const valid = new Set<string>();
    const host = await serve(async (request, response) => {
      if (request.url?.startsWith("/token")) {
        let body = "";
        for await (const chunk of request) body += String(chunk);
        seen.push({
          method: request.method!,
          url: request.url,
          authorization: request.headers.authorization,
          body,
        });
        if (!accept(request, body))
          return void response
            .writeHead(401)
            .end(JSON.stringify({ details: "incorrect username or password" }));
        const token = `token-${++issued}`;
        valid.add(`Bearer ${token}`);
        return void response.end(JSON.stringify({ token, expires_in: 300 }));
      }
      if (!valid.has(request.headers.authorization ?? "")) {
        const challenge = `Bearer realm="http://${request.headers.host}/token",service="the registry",scope="repository:team/app:pull"`;
        return void response.writeHead(401, { "www-authenticate": challenge }).end();
      }
      response.end(bytes);
    });
    return { host, seen, revoke: () => valid.clear() };
  }

  it("gets an anonymous token for the scope, and uses it for further requests", async () => {
    const { host, seen } = await tokenRegistry(() => true);
    const one = client();
    for (let round = 0; round < 3; round++)
      for await (const _ of one.blob(repository(host), blob, { signal }));
    expect(seen).toHaveLength(1);
    const url = new URL(seen[0]!.url, "http://x");
    expect(url.searchParams.get("service")).toBe("the registry");
    expect(url.searchParams.getAll("scope")).toEqual(["repository:team/app:pull"]);
    expect(seen[0]!.authorization).toBeUndefined();
  });

  it("shares one token among parallel requests, and gets a new one when it is refused", async () => {
    const { host, seen, revoke } = await tokenRegistry(() => true);
    const one = client();
    const all = () =>
      Promise.all([1, 2, 3, 4].map(() => one.hasBlob(repository(host), blob.digest, { signal })));
    await one.hasBlob(repository(host), blob.digest, { signal });
    await all();
    expect(seen).toHaveLength(1);
    revoke();
    await all();
    expect(seen.length).toBeGreaterThan(1);
  });

  it("goes on with a log-in that somebody else started and gave up", async () => {
    let release: (() => void) | undefined;
    const { host } = await tokenRegistry(() => true);
    let looked = 0;
    const credentials = {
      async get(_registry: string, own: AbortSignal) {
        if (looked++ > 0) return undefined;
        await new Promise<void>((resolve) => (release = resolve));
        own.throwIfAborted();
        return undefined;
      },
    };
    const one = client({ credentials });
    const controller = new AbortController();
    const first = one.hasBlob(repository(host), blob.digest, { signal: controller.signal });
    while (!release) await new Promise((resolve) => setTimeout(resolve, 5));
    const second = one.hasBlob(repository(host), blob.digest, { signal });
    await new Promise((resolve) => setTimeout(resolve, 30));
    controller.abort(new Error("not wanted any more"));
    release();
    await expect(first).rejects.toThrow("not wanted any more");
    expect(await second).toBe(true);
  });

  it("shows a password to the token service, and an identity token by POST", async () => {
    const byPassword = await tokenRegistry(
      (request) => request.headers.authorization === `Basic ${Buffer.from("jane:pa:ss").toString("base64")}`,
    );
    const password = staticCredentials({
      [byPassword.host]: { kind: "password", username: "jane", password: "pa:ss" },
    });
    expect((await pull(byPassword.host, blob, { credentials: password })).equals(bytes)).toBe(true);
    expect(new URL(byPassword.seen[0]!.url, "http://x").searchParams.get("account")).toBe("jane");

    const byToken = await tokenRegistry(
      (_request, body) => new URLSearchParams(body).get("refresh_token") === "long-lived",
    );
    const identity = staticCredentials({ [byToken.host]: { kind: "identity-token", token: "long-lived" } });
    expect((await pull(byToken.host, blob, { credentials: identity })).equals(bytes)).toBe(true);
    expect(byToken.seen[0]).toMatchObject({ method: "POST", authorization: undefined });
    expect(byToken.seen[0]!.url).toBe("/token");
  });

  it("says that the log-in was refused, without the password", async () => {
    const { host } = await tokenRegistry(() => false);
    const credentials = staticCredentials({
      [host]: { kind: "password", username: "jane", password: "hunter22" },
    });
    const error = await pull(host, blob, { credentials }).catch((caught: unknown) => caught as Error);
    expect(error).toMatchObject({
      code: "REGISTRY_UNAUTHORIZED",
      hint: expect.stringContaining("docker login") as string,
    });
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain("hunter22");
  });

  it("does not go round in circles with a registry that refuses its own tokens", async () => {
    let requests = 0;
    const host = await serve((request, response) => {
      if (request.url?.startsWith("/token")) return void response.end('{"token":"t"}');
      requests++;
      response
        .writeHead(401, { "www-authenticate": `Bearer realm="http://${request.headers.host}/token"` })
        .end();
    });
    await expect(pull(host, blob)).rejects.toMatchObject({ code: "REGISTRY_UNAUTHORIZED" });
    expect(requests).toBeLessThanOrEqual(3);
  });

  it("does not follow a redirect with its log-in to another host, and follows it without", async () => {
    const authorizations: (string | undefined)[] = [];
    const other = await serve((request, response) => {
      authorizations.push(request.headers.authorization);
      response.end(bytes);
    });
    const host = await serve((request, response) => {
      if (!request.headers.authorization)
        return void response.writeHead(401, { "www-authenticate": 'Basic realm="x"' }).end();
      response.writeHead(307, { location: `http://${other}/store?signature=abc` }).end();
    });
    const credentials = staticCredentials({ [host]: { kind: "password", username: "u", password: "p" } });
    expect((await pull(host, blob, { credentials })).equals(bytes)).toBe(true);
    expect(authorizations).toEqual([undefined]);
  });

  it("keeps signatures of redirects out of errors", async () => {
    const other = await serve((_request, response) => response.writeHead(403).end());
    const host = await serve((_request, response) =>
      response.writeHead(307, { location: `http://${other}/store?signature=abcdef` }).end(),
    );
    const error = await pull(host, blob).catch((caught: unknown) => caught as Error);
    expect(error).toMatchObject({ code: "REGISTRY_FORBIDDEN" });
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain("abcdef");
  });
});

describe("pushing through trouble", () => {
  const pushable = {
    descriptor: blob,
    open: () => Readable.from([bytes.subarray(0, 250_000), bytes.subarray(250_000)]),
  };

  /** A registry that takes uploads, but whose `fail` may answer first. */
  async function uploadServer(
    fail: (request: IncomingMessage, response: ServerResponse, count: number) => boolean,
  ) {
    const state = { stored: Buffer.alloc(0), uploads: 0, bodies: 0 };
    let partial = Buffer.alloc(0);
    const host = await serve(async (request, response) => {
      const range = () => `0-${Math.max(0, partial.length - 1)}`;
      if (request.method === "HEAD") return void response.writeHead(404).end();
      if (request.method === "POST") {
        partial = Buffer.alloc(0);
        return void response
          .writeHead(202, { location: `/v2/team/app/blobs/uploads/${++state.uploads}` })
          .end();
      }
      if (request.method === "GET")
        return void response.writeHead(204, { location: request.url, range: range() }).end();
      if (request.headers["content-length"] !== "0" && fail(request, response, ++state.bodies)) return;
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      partial = Buffer.concat([partial, ...chunks]);
      if (request.method === "PATCH")
        return void response.writeHead(202, { location: request.url, range: range() }).end();
      state.stored = partial;
      response.writeHead(state.stored.equals(bytes) ? 201 : 400).end();
    });
    return { host, state };
  }

  it("starts an upload again that was cut or answered with an error in the middle", async () => {
    const { host, state } = await uploadServer((request, response, count) => {
      if (count === 1) request.once("data", () => request.socket.destroy());
      else if (count === 2) response.writeHead(502).end();
      return count < 3;
    });
    const sent: number[] = [];
    expect(
      await client().pushBlob(repository(host), pushable, { signal, onProgress: (done) => sent.push(done) }),
    ).toBe("uploaded");
    expect(state.stored.equals(bytes)).toBe(true);
    expect(state.uploads).toBe(3);
    expect(sent.at(-1)).toBe(bytes.length);
  });

  it("goes on with the chunk that failed, in the same upload", async () => {
    const { host, state } = await uploadServer((request, response, count) => {
      if (count === 3) request.socket.destroy();
      if (count === 4) response.writeHead(503).end();
      return count === 3 || count === 4;
    });
    expect(await client({ chunkBytes: 100_000 }).pushBlob(repository(host), pushable, { signal })).toBe(
      "uploaded",
    );
    expect(state.stored.equals(bytes)).toBe(true);
    expect(state.uploads).toBe(1);
  });

  it("passes on what opening or reading the blob throws, and does not try again", async () => {
    const { host, state } = await uploadServer(() => false);
    const gone = () => {
      throw new Error("the disk is gone");
    };
    const breaks = () =>
      new Readable({
        read() {
          this.destroy(new Error("the disk is gone"));
        },
      });
    for (const open of [gone, breaks]) {
      const broken = { descriptor: blob, open };
      await expect(client().pushBlob(repository(host), broken, { signal })).rejects.toThrow(
        /^the disk is gone$/,
      );
    }
    expect(state.uploads).toBe(2);
  });

  it("tells what is wrong with a refused manifest", async () => {
    const host = await serve((request, response) => {
      request.resume();
      response.writeHead(400).end(
        JSON.stringify({
          errors: [{ code: "MANIFEST_BLOB_UNKNOWN", message: "blob unknown to registry" }],
        }),
      );
    });
    const document = { bytes: Buffer.from("{}"), mediaType: MediaTypes.ociManifest, tag: "x" };
    // A 400 without the registry's version header looks like TLS on this port; both schemes fail then.
    await expect(
      client({ insecureHosts: [host] }).pushManifest(repository(host), document, { signal }),
    ).rejects.toMatchObject({
      code: "REGISTRY_ERROR",
      message: expect.stringContaining("MANIFEST_BLOB_UNKNOWN") as string,
    });
  });

  it("limits how many blobs are on their way at once", async () => {
    let now = 0;
    let most = 0;
    const host = await serve((_request, response) => {
      most = Math.max(most, ++now);
      setTimeout(() => {
        now--;
        response.writeHead(200).end();
      }, 20);
    });
    const one = client({ parallelBlobs: 3 });
    await Promise.all(Array.from({ length: 10 }, () => one.pushBlob(repository(host), pushable, { signal })));
    expect(most).toBe(3);
  });
});

describe("proxies", () => {
  it("are used for other hosts, and never for this machine", async () => {
    const asked: string[] = [];
    const proxy = await serve((request, response) => {
      asked.push(request.url ?? "");
      response.end(bytes);
    });
    const env = {
      http_proxy: `http://${proxy}`,
      HTTP_PROXY: `http://${proxy}`,
      HTTPS_PROXY: `http://${proxy}`,
      https_proxy: `http://${proxy}`,
    };
    const got = await pull("registry.invalid:5000", blob, { env, insecureHosts: ["registry.invalid:5000"] });
    expect(got.equals(bytes)).toBe(true);
    expect(asked).toEqual([`http://registry.invalid:5000/v2/team/app/blobs/${blob.digest}`]);

    const direct = await serve((_request, response) => response.end(bytes));
    expect((await pull(direct, blob, { env })).equals(bytes)).toBe(true);
    expect(asked).toHaveLength(1);
  });
});
