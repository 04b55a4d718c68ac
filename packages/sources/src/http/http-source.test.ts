import { execFileSync } from "node:child_process";
import { createServer as createTcpServer, type AddressInfo } from "node:net";
import fs from "node:fs";
import { createServer as createHttpServer, request as httpRequest } from "node:http";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { sha256 } from "@slipway/oci";
import type { ProgressEvent, Ref } from "@slipway/engine-sdk";
import { createTransport } from "@slipway/registry/transport";
import type { BytePath, Entry, Store } from "@slipway/store";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  linux,
  missingTools,
  serve,
  sessionWith,
  signal,
  sourceOp,
  taskOf,
  temporaryFolder,
  temporaryStore,
} from "../testing.test.helper.ts";
import type { HttpSourceOptions } from "./http-options.ts";
import { createHttpSource, type HttpSource } from "./http-source.ts";

/** Limits that let tests end soon. */
const SOON = {
  retry: { attempts: 3, initialDelayMs: 5, maxDelayMs: 20 },
  answerTimeoutMs: 400,
  idleTimeoutMs: 400,
  slowWindowMs: 300,
  slowBytes: 100,
};

function sourceOf(store: Store, options: Partial<HttpSourceOptions> = {}): HttpSource {
  return createHttpSource({ store, limits: SOON, ...options });
}

async function only(store: Store, ref: Ref): Promise<Entry & { kind: "file"; text: string }> {
  const view = await store.roots.view(ref, signal);
  const all = [...view.walk("" as BytePath)].map(({ entry }) => entry).filter(({ path: at }) => at !== "");
  expect(all).toHaveLength(1);
  const entry = all[0] as Entry & { kind: "file" };
  return { ...entry, text: String(await view.readFile(entry.path)) };
}

async function fetched(
  store: Store,
  url: string,
  options: Partial<HttpSourceOptions> & { attrs?: Record<string, string> } = {},
) {
  const { attrs = {}, ...rest } = options;
  const op = sourceOp(url, attrs);
  return only(store, await sourceOf(store, rest).load(op, linux, taskOf(op)));
}

async function failureOf(
  store: Store,
  url: string,
  options: Partial<HttpSourceOptions> & { attrs?: Record<string, string> } = {},
): Promise<{ code: string; message: string; hint: string; retryable?: boolean }> {
  return fetched(store, url, options).then(
    () => expect.unreachable("it was downloaded"),
    (error: unknown) => error as never,
  );
}

describe("a download", () => {
  test("is one file, for its owner alone, with the time that the server tells", async () => {
    const store = await temporaryStore();
    const server = await serve((_, response) => {
      response.setHeader("last-modified", "Sat, 01 Jan 2022 00:00:00 GMT").end("hello");
    });
    expect(await fetched(store, `${server.url}/dir/a%20b.txt?x=1`)).toMatchObject({
      path: "a b.txt",
      text: "hello",
      mode: 0o600,
      uid: 0,
      gid: 0,
      mtimeNs: 1_640_995_200_000_000_000n,
      digest: sha256("hello"),
    });
  });

  test("has the beginning of time when the server tells none", async () => {
    const store = await temporaryStore();
    const server = await serve((_, response) => void response.end("x"));
    expect(await fetched(store, `${server.url}/a`)).toMatchObject({ mtimeNs: 0n });
  });

  test("gets name, mode and owner from the definition, from one download", async () => {
    const store = await temporaryStore();
    const server = await serve((_, response) => void response.end("x"));
    const source = sourceOf(store);
    const load = async (attrs: Record<string, string>) => {
      const op = sourceOp(`${server.url}/a`, attrs);
      return only(store, await source.load(op, linux, taskOf(op)));
    };
    expect(
      await load({ "http.filename": "b", "http.perm": "0755", "http.uid": "12", "http.gid": "34" }),
    ).toMatchObject({ path: "b", mode: 0o755, uid: 12, gid: 34 });
    expect(await load({ "http.perm": "420" })).toMatchObject({ path: "a", mode: 0o644 });
    expect(server.requests).toHaveLength(1);
  });

  test.each([
    ['attachment; filename="x y.tar"', "x y.tar"],
    ["attachment; filename=plain.txt", "plain.txt"],
    ['attachment; filename="../../etc/passwd"', "passwd"],
    ['attachment; filename=".."', "a"],
    ["attachment; filename*=UTF-8''na%C3%AFve.txt; filename=naive.txt", "naïve.txt"],
    ["inline", "a"],
  ])("is named by Content-Disposition %s as %s", async (header, name) => {
    const store = await temporaryStore();
    const server = await serve((_, response) => {
      response.setHeader("content-disposition", header).end("x");
    });
    const entry = await fetched(store, `${server.url}/a`);
    expect(Buffer.from(entry.path, "latin1").toString()).toBe(name);
  });

  test("is called `download` when the URL names nothing", async () => {
    const store = await temporaryStore();
    const server = await serve((_, response) => void response.end("x"));
    expect(await fetched(store, `${server.url}/`)).toMatchObject({ path: "download" });
  });

  test("is unpacked when the server packed it for the way", async () => {
    const store = await temporaryStore();
    const server = await serve((_, response) => {
      response.setHeader("content-encoding", "gzip").end(gzipSync("hello"));
    });
    expect(await fetched(store, `${server.url}/a`)).toMatchObject({ text: "hello", digest: sha256("hello") });
  });

  test("shows how far it is", async () => {
    const store = await temporaryStore();
    const server = await serve((_, response) => {
      response.setHeader("content-length", 5).end("hello");
    });
    const events: ProgressEvent[] = [];
    const op = sourceOp(`${server.url}/a?token=abc`);
    await sourceOf(store).load(op, linux, taskOf(op, events));
    const last = events.at(-1);
    expect(last).toMatchObject({ kind: "status", current: 5, total: 5, name: `downloading ${server.url}/a` });
    expect(last).toHaveProperty("completedMs");
  });

  test("is not held in memory", { timeout: 30_000 }, async () => {
    const store = await temporaryStore();
    const chunk = Buffer.alloc(1 << 20, 7);
    const server = await serve(async (_, response) => {
      for (let i = 0; i < 200; i++) {
        if (!response.write(chunk)) await new Promise((resolve) => response.once("drain", resolve));
      }
      response.end();
    });
    const before = process.memoryUsage().rss;
    const op = sourceOp(`${server.url}/big`);
    const ref = await sourceOf(store).load(op, linux, taskOf(op));
    expect(process.memoryUsage().rss - before).toBeLessThan(150e6);
    const view = await store.roots.view(ref, signal);
    expect(view.lstat("big" as BytePath)!.entry).toMatchObject({ sizeBytes: 200 * (1 << 20) });
  });
});

describe("a URL that was downloaded before", () => {
  const asked = (server: { requests: { headers: object; method?: string }[] }) =>
    server.requests.map(({ headers }) => ("if-none-match" in headers ? "conditional" : "whole"));

  test("is not downloaded again as long as the server says that it is the same", async () => {
    const store = await temporaryStore();
    let text = "one";
    const server = await serve((request, response) => {
      response.setHeader("etag", `"${text}"`);
      if (request.headers["if-none-match"] === `"${text}"`) response.writeHead(304).end();
      else response.end(text);
    });
    const op = sourceOp(`${server.url}/a`);
    const first = sourceOf(store);
    expect(await first.key(op, linux, signal)).toBeNull();
    const ref = await first.load(op, linux, taskOf(op));

    const second = sourceOf(store);
    const key = await second.key(op, linux, signal);
    expect(key).toContain(sha256("one"));
    expect(await second.load(op, linux, taskOf(op))).toEqual(ref);
    expect(asked(server)).toEqual(["whole", "conditional"]);

    text = "two";
    const third = sourceOf(store);
    expect(await third.key(op, linux, signal)).toBeNull();
    expect(await only(store, await third.load(op, linux, taskOf(op)))).toMatchObject({ text: "two" });
    expect(await sourceOf(store).key(op, linux, signal)).not.toBe(key);
  });

  test("is recognised by a server that does not understand conditions, by its ETag", async () => {
    const store = await temporaryStore();
    const server = await serve((_, response) => void response.setHeader("etag", '"x"').end("text"));
    await fetched(store, `${server.url}/a`);
    expect(await sourceOf(store).key(sourceOp(`${server.url}/a`), linux, signal)).not.toBeNull();
  });

  test("is asked for by its time when it has no ETag", async () => {
    const store = await temporaryStore();
    const time = "Sat, 01 Jan 2022 00:00:00 GMT";
    const server = await serve((request, response) => {
      if (request.headers["if-modified-since"] === time) response.writeHead(304).end();
      else response.setHeader("last-modified", time).end("text");
    });
    await fetched(store, `${server.url}/a`);
    expect(await sourceOf(store).key(sourceOp(`${server.url}/a`), linux, signal)).not.toBeNull();
  });

  test("is downloaded again when it may have changed twice within a second", async () => {
    const store = await temporaryStore();
    const server = await serve((request, response) => {
      if (request.headers["if-modified-since"]) response.writeHead(304).end();
      else response.setHeader("last-modified", new Date().toUTCString()).end("text");
    });
    await fetched(store, `${server.url}/a`);
    expect(await sourceOf(store).key(sourceOp(`${server.url}/a`), linux, signal)).toBeNull();
  });

  test("is downloaded again after its content was pruned", async () => {
    const root = temporaryFolder();
    const server = await serve((request, response) => {
      if (request.headers["if-none-match"]) response.writeHead(304).end();
      else response.setHeader("etag", '"x"').end("text");
    });
    const before = await temporaryStore(root);
    await fetched(before, `${server.url}/a`);
    await before.close();
    const after = await temporaryStore(root);
    for await (const _ of after.prune({ all: true, signal }));
    expect(await fetched(after, `${server.url}/a`)).toMatchObject({ text: "text" });
    expect(asked(server)).toEqual(["whole", "whole"]);
  });

  test("is the same throughout a build, whatever the server does", async () => {
    const store = await temporaryStore();
    let n = 0;
    const server = await serve((_, response) => void response.end(`${++n}`));
    const source = sourceOf(store);
    const op = sourceOp(`${server.url}/a`);
    const [a, b] = await Promise.all([1, 2].map(() => source.load(op, linux, taskOf(op))));
    expect(a).toEqual(b);
    expect((await source.meta(op, signal)).checksum).toBe(sha256("1"));
    expect(n).toBe(1);
  });
});

describe("a checksum", () => {
  test("is the key, without asking anybody", async () => {
    const store = await temporaryStore();
    const key = await sourceOf(store).key(
      sourceOp("http://127.0.0.1:1/a", { "http.checksum": sha256("x") }),
      linux,
      signal,
    );
    expect(key).toContain(sha256("x"));
  });

  test("that the content has lets it in, and spares asking the next time", async () => {
    const store = await temporaryStore();
    const server = await serve((_, response) => void response.end("x"));
    const attrs = { "http.checksum": sha256("x") };
    expect(await fetched(store, `${server.url}/a`, { attrs })).toMatchObject({ text: "x" });
    expect(await fetched(store, `${server.url}/a`, { attrs })).toMatchObject({ text: "x" });
    expect(server.requests).toHaveLength(1);
  });

  test("that the content does not have names both", async () => {
    const store = await temporaryStore();
    const server = await serve((_, response) => void response.end("y"));
    const error = await failureOf(store, `${server.url}/a?sig=geheim`, {
      attrs: { "http.checksum": sha256("x") },
    });
    expect(error.code).toBe("HTTP_CHECKSUM_MISMATCH");
    expect(error.message).toContain(sha256("x"));
    expect(error.message).toContain(sha256("y"));
    expect(error.message).not.toContain("geheim");
  });
});

describe("credentials", () => {
  const echo = () =>
    serve((request, response) => void response.end(request.headers.authorization ?? "nobody"));

  test("are the token or the header of the host's name", async () => {
    const store = await temporaryStore();
    const server = await echo();
    const get = (secrets: Record<string, string>, attrs = {}) =>
      fetched(store, `${server.url}/${Math.random()}`, { session: sessionWith(secrets), attrs });
    expect(await get({ "HTTP_AUTH_TOKEN_127.0.0.1": "t0ken\n" })).toMatchObject({ text: "Bearer t0ken" });
    expect(await get({ "HTTP_AUTH_HEADER_127.0.0.1": "Basic abc" })).toMatchObject({ text: "Basic abc" });
    expect(await get({ HTTP_AUTH_TOKEN: "x", "HTTP_AUTH_TOKEN_127.0.0.2": "y" })).toMatchObject({
      text: "nobody",
    });
    expect(await get({ mine: "Basic x" }, { "http.authheadersecret": "mine" })).toMatchObject({
      text: "Basic x",
    });
    expect(
      await get({ "HTTP_AUTH_TOKEN_127.0.0.1": "a\r\nx: y" }).catch((e: { code: string }) => e.code),
    ).toBe("SECRET_INVALID");
  });

  test("do not follow a redirect to another host", async () => {
    const store = await temporaryStore();
    const other = await echo();
    const server = await serve((_, response) => {
      response.writeHead(302, { location: `${other.url}/b` }).end();
    });
    const session = sessionWith({ "HTTP_AUTH_TOKEN_127.0.0.1": "t" });
    expect(await fetched(store, `${server.url}/a`, { session })).toMatchObject({ path: "a", text: "nobody" });
    expect(server.requests[0]!.headers.authorization).toBe("Bearer t");
  });

  test("of a URL are neither in messages nor sent to others", async () => {
    const store = await temporaryStore();
    const server = await serve((_, response) => void response.writeHead(403).end());
    const error = await failureOf(store, `http://me:geheim@127.0.0.1:${server.port}/a?sig=geheim`);
    expect(server.requests[0]!.headers.authorization).toBe(`Basic ${btoa("me:geheim")}`);
    expect(error.code).toBe("HTTP_UNAUTHORIZED");
    expect(JSON.stringify(error) + error.message + error.hint).not.toContain("geheim");
  });

  test("and other headers can't be forged by a definition", async () => {
    const store = await temporaryStore();
    const server = await serve((request, response) => {
      response.end(JSON.stringify([request.headers["metadata-flavor"] ?? null, request.headers.accept]));
    });
    const attrs = { "http.header.metadata-flavor": "x", "http.header.Accept": "text/plain" };
    expect(await fetched(store, `${server.url}/a`, { attrs })).toMatchObject({ text: '[null,"text/plain"]' });
  });
});

describe("a server that", () => {
  test.each([
    [404, "HTTP_NOT_FOUND", 1],
    [403, "HTTP_UNAUTHORIZED", 1],
    [500, "HTTP_STATUS", 3],
    [503, "HTTP_STATUS", 3],
    [400, "HTTP_STATUS", 1],
    [206, "HTTP_STATUS", 1],
  ])("answers %d gives %s after %d requests", async (status, code, requests) => {
    const store = await temporaryStore();
    const server = await serve((_, response) => void response.writeHead(status).end("no"));
    expect(await failureOf(store, `${server.url}/a`)).toMatchObject({ code });
    expect(server.requests).toHaveLength(requests);
  });

  test("is in trouble for a moment is asked again", async () => {
    const store = await temporaryStore();
    let n = 0;
    const server = await serve((_, response) => void response.writeHead(++n < 3 ? 503 : 200).end("x"));
    expect(await fetched(store, `${server.url}/a`)).toMatchObject({ text: "x" });
  });

  test("breaks off in the middle is asked again, and the parts are not put together", async () => {
    const store = await temporaryStore();
    let n = 0;
    const server = await serve((_, response) => {
      response.setHeader("content-length", 10);
      if (++n > 1) return void response.end("0123456789");
      response.write("01234", () => response.destroy());
    });
    expect(await fetched(store, `${server.url}/a`)).toMatchObject({ text: "0123456789" });
  });

  test("always breaks off is an error, and leaves nothing", async () => {
    const store = await temporaryStore();
    const server = await serve((_, response) => {
      response.setHeader("content-length", 10).write("01234", () => response.destroy());
    });
    expect(await failureOf(store, `${server.url}/a`)).toMatchObject({
      code: "HTTP_UNREACHABLE",
      retryable: true,
    });
    expect(server.requests).toHaveLength(3);
    expect(store.usage()).toEqual([]);
  });

  test("redirects is followed, ten times at most", async () => {
    const store = await temporaryStore();
    const server = await serve((request, response) => {
      const left = Number(request.url!.slice(1));
      if (left === 0) response.end("there");
      else response.writeHead(302, { location: `/${left - 1}` }).end();
    });
    expect(await fetched(store, `${server.url}/10`)).toMatchObject({ path: "10", text: "there" });
    expect(await failureOf(store, `${server.url}/11`)).toMatchObject({ code: "HTTP_REDIRECTS" });
  });

  test.each(["file:///etc/passwd", "ftp://127.0.0.1/", "", "http://"])(
    "redirects to %j is not followed",
    async (location) => {
      const store = await temporaryStore();
      const server = await serve((_, response) => void response.writeHead(302, { location }).end());
      expect(await failureOf(store, `${server.url}/a`)).toMatchObject({ code: "HTTP_REDIRECTS" });
    },
  );

  test("never answers is given up", async () => {
    const store = await temporaryStore();
    const server = createTcpServer((socket) => void socket.on("error", () => undefined));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    expect(await failureOf(store, `http://127.0.0.1:${port}/a`)).toMatchObject({ code: "HTTP_UNREACHABLE" });
  });

  test("sends its headers a byte at a time is given up", async () => {
    const store = await temporaryStore();
    const server = createTcpServer((socket) => {
      socket.on("error", () => undefined);
      const timer = setInterval(() => socket.write("HTTP/1.1 200 OK\r\nx: yyyy"[0]!), 50);
      socket.on("close", () => clearInterval(timer));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const startedMs = Date.now();
    expect(await failureOf(store, `http://127.0.0.1:${port}/a`)).toMatchObject({ code: "HTTP_UNREACHABLE" });
    expect(Date.now() - startedMs).toBeLessThan(20_000);
  });

  test("drips is given up, though it never falls silent", async () => {
    const store = await temporaryStore();
    const server = await serve((_, response) => {
      const timer = setInterval(() => response.write("."), 20);
      response.on("close", () => clearInterval(timer));
    });
    expect(await failureOf(store, `${server.url}/a`)).toMatchObject({ code: "HTTP_TOO_SLOW" });
  });

  test("never ends is stopped at the limit, packed or not", async () => {
    const store = await temporaryStore();
    const endless = await serve(async (_, response) => {
      while (!response.destroyed) {
        if (!response.write(Buffer.alloc(65536))) await sleep(1);
      }
    });
    const bomb = await serve((_, response) => {
      response.setHeader("content-encoding", "gzip").end(gzipSync(Buffer.alloc(20e6)));
    });
    for (const { url } of [endless, bomb]) {
      const error = await failureOf(store, `${url}/a`, { limits: { ...SOON, maxBytes: 1e6 } });
      expect(error.code).toBe("HTTP_TOO_LARGE");
    }
  });

  test("announces more than the limit is not even read", async () => {
    const store = await temporaryStore();
    const server = await serve((_, response) => {
      response.setHeader("content-length", 1e12).write("x");
    });
    expect(await failureOf(store, `${server.url}/a`, { limits: { ...SOON, maxBytes: 1e6 } })).toMatchObject({
      code: "HTTP_TOO_LARGE",
    });
  });

  test("sends broken gzip, or something that was never asked for, is an error", async () => {
    const store = await temporaryStore();
    const cut = await serve((_, response) => {
      response.setHeader("content-encoding", "gzip").end(gzipSync("hello world").subarray(0, 15));
    });
    expect(await failureOf(store, `${cut.url}/a`)).toMatchObject({ code: "HTTP_UNREACHABLE" });
    const odd = await serve((_, response) => void response.setHeader("content-encoding", "br").end("x"));
    expect(await failureOf(store, `${odd.url}/a`)).toMatchObject({ code: "HTTP_ENCODING" });
  });

  test("nobody runs is told with what to check", async () => {
    const store = await temporaryStore();
    const error = await failureOf(store, "http://127.0.0.1:1/a");
    expect(error).toMatchObject({ code: "HTTP_UNREACHABLE" });
    expect(error.hint).toContain("HTTP_PROXY");
  });
});

test("an abort ends a download at once", async () => {
  const store = await temporaryStore();
  const server = await serve((_, response) => void response.write("x"));
  const abort = new AbortController();
  const op = sourceOp(`${server.url}/a`);
  const pending = sourceOf(store, { limits: {} }).load(op, linux, taskOf(op, [], abort.signal));
  setTimeout(() => abort.abort(new Error("enough")), 50);
  await expect(pending).rejects.toThrow("enough");
});

test.each(["http://", "http:// x/", "http://h\\@x/", "https:///a", "http://h/a b"])(
  "%j is no URL",
  async (url) => {
    const store = await temporaryStore();
    expect(await failureOf(store, url)).toMatchObject({ code: "URL_INVALID" });
  },
);

test("a signature that nobody would check is refused", async () => {
  const store = await temporaryStore();
  const attrs = { "http.sig.pubkey": "x" };
  expect(await failureOf(store, "http://127.0.0.1:1/a", { attrs })).toMatchObject({
    code: "SOURCE_UNSUPPORTED",
  });
});

test("a lent file stands for http://buildkit-session/id, and only a lent one", async () => {
  const store = await temporaryStore();
  const file = path.join(temporaryFolder(), "archive");
  fs.writeFileSync(file, "tar");
  const uploads = { abc: file };
  const attrs = { "http.filename": "context" };
  expect(await fetched(store, "http://buildkit-session/abc", { uploads, attrs })).toMatchObject({
    path: "context",
    text: "tar",
  });
  expect(await failureOf(store, "http://buildkit-session/other", { uploads })).toMatchObject({
    code: "UPLOAD_NOT_LENT",
  });
});

test("proxies of the environment are used for other hosts", async () => {
  const store = await temporaryStore();
  const origin = await serve((_, response) => void response.end("through"));
  const seen: string[] = [];
  const proxy = createHttpServer((request, response) => {
    seen.push(request.url!);
    httpRequest({ port: origin.port, path: new URL(request.url!).pathname }, (answer) =>
      answer.pipe(response),
    ).end();
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void proxy.close());
  const env = {
    HTTP_PROXY: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    NO_PROXY: "other.test",
  };
  const transport = createTransport({ env });
  onTestFinished(() => transport.close());
  const get = { transport: () => transport };
  expect(await fetched(store, "http://files.test/a", get)).toMatchObject({ text: "through" });
  expect(seen).toEqual(["http://files.test/a"]);
  expect(await failureOf(store, "http://other.test/a", get)).toMatchObject({ code: "HTTP_UNREACHABLE" });
});

test.skipIf(missingTools("openssl"))(
  "a certificate that nobody signed is refused, with what to do",
  async () => {
    const folder = temporaryFolder();
    execFileSync(
      "openssl",
      ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"].concat([
        ...["-addext", "subjectAltName=IP:127.0.0.1"],
        ...["-keyout", `${folder}/key`, "-out", `${folder}/cert`],
      ]),
      { stdio: "ignore" },
    );
    const tls = {
      key: fs.readFileSync(`${folder}/key`, "utf8"),
      cert: fs.readFileSync(`${folder}/cert`, "utf8"),
    };
    const server = await serve((_, response) => void response.end("secure"), tls);
    const store = await temporaryStore();
    const error = await failureOf(store, `${server.url}/a`);
    expect(error.code).toBe("HTTP_CERTIFICATE");
    expect(error.hint).toContain("SSL_CERT_FILE");
    const transport = createTransport({ env: { SSL_CERT_FILE: `${folder}/cert` } });
    onTestFinished(() => transport.close());
    expect(await fetched(store, `${server.url}/a`, { transport: () => transport })).toMatchObject({
      text: "secure",
    });
  },
);
