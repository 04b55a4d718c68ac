import fs from "node:fs";
import path from "node:path";
import {
  createTransport,
  pause,
  redactUrl,
  type HttpResponse,
  type Transport,
} from "@slipway/registry/transport";
import { InputError, WorldError, type Digest } from "@slipway/oci";
import type { LayerId, Ref, SourceTask } from "@slipway/engine-sdk";
import type { SourceOp } from "@slipway/ir";
import { bytesOfText, type BytePath } from "@slipway/store";
import { createDownloadMemory, type Download } from "./download-memory.ts";
import { dispositionName, urlName } from "./file-name.ts";
import { readHttpOp, type HttpRequestSpec } from "./http-attrs.ts";
import { checksumMismatch } from "./http-errors.ts";
import { DEFAULT_LIMITS, get } from "./http-request.ts";
import type { HttpSourceOptions, HttpSourceMeta } from "./http-options.ts";
import { lentFile, UPLOAD_HOST } from "./lent-file.ts";
import { receiveBody } from "./receive-body.ts";

/** Name of the content in the layer that a download is kept in. */
const CONTENT = "content" as BytePath;
const PROGRESS_EVERY_MS = 100;

export interface HttpSourceImpl {
  key(op: SourceOp, signal: AbortSignal): Promise<string | null>;
  load(op: SourceOp, task: SourceTask): Promise<Ref>;
  meta(op: SourceOp, signal: AbortSignal): Promise<HttpSourceMeta>;
}

type Progress = (current: number, total: number, done?: boolean) => void;

/** The http source of one build: a URL stands for the same content from the build's first look at it to its last. */
export function createHttpSourceImpl(options: HttpSourceOptions): HttpSourceImpl {
  const { store, session } = options;
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const memory = createDownloadMemory(store);
  /** What is settled in this build, by request. */
  const settled = new Map<string, Promise<Download>>();
  let own: Transport | undefined;
  const transport = (): Transport => options.transport?.() ?? (own ??= createTransport());

  async function authorization(spec: HttpRequestSpec, signal: AbortSignal): Promise<string | undefined> {
    const secret = async (id: string): Promise<string | undefined> => {
      const bytes = await session?.secret(id, signal);
      return bytes === undefined ? undefined : new TextDecoder().decode(bytes).trim();
    };
    const checked = (value: string | undefined, id: string): string | undefined => {
      if (value === undefined || !/[\r\n\0]/.test(value)) return value;
      throw new InputError(
        "SECRET_INVALID",
        `the secret ${id} can't be sent as a header: it has several lines`,
        {
          hint: "Put the token alone into it.",
        },
      );
    };
    if (spec.authHeaderSecret !== undefined)
      return checked(await secret(spec.authHeaderSecret), spec.authHeaderSecret);
    const host = spec.url.hostname.replace(/^\[|\]$/g, "");
    const header = checked(await secret(`HTTP_AUTH_HEADER_${host}`), `HTTP_AUTH_HEADER_${host}`);
    if (header !== undefined) return header;
    const token = checked(await secret(`HTTP_AUTH_TOKEN_${host}`), `HTTP_AUTH_TOKEN_${host}`);
    return token === undefined ? undefined : `Bearer ${token}`;
  }

  async function ask(
    spec: HttpRequestSpec,
    conditions: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<HttpResponse> {
    const auth = await authorization(spec, signal);
    return get(transport(), {
      url: spec.url,
      headers: { ...spec.headers, ...conditions },
      ...(auth === undefined ? {} : { authorization: auth }),
      limits,
      signal,
    });
  }

  /** The remembered download when the server says that it is still the one. */
  async function revalidate(
    spec: HttpRequestSpec,
    known: Download,
    signal: AbortSignal,
  ): Promise<Download | undefined> {
    if (known.etag === undefined && known.lastModified === undefined) return undefined;
    const response = await ask(
      spec,
      {
        ...(known.etag === undefined ? {} : { "if-none-match": known.etag }),
        ...(known.lastModified === undefined ? {} : { "if-modified-since": known.lastModified }),
      },
      signal,
    );
    response.body.destroy();
    const { etag } = response.headers;
    return response.status === 304 || (etag !== undefined && etag === known.etag) ? known : undefined;
  }

  async function download(
    spec: HttpRequestSpec,
    progress: Progress | undefined,
    signal: AbortSignal,
  ): Promise<Download> {
    for (let attempt = 1; ; attempt++) {
      const response = await ask(spec, {}, signal);
      if (response.status === 304) {
        response.body.destroy();
        throw new WorldError("HTTP_STATUS", `${redactUrl(spec.url)} answered 304, which nobody asked for`, {
          hint: "The server or a proxy does not follow HTTP: use another one.",
        });
      }
      const folder = store.temporaryFolder();
      try {
        const file = path.join(folder, CONTENT);
        const { digest, sizeBytes } = await receiveBody(response, file, {
          limits,
          signal,
          onProgress: progress ?? (() => undefined),
        });
        progress?.(sizeBytes, sizeBytes, true);
        // Kept in one form, whatever name and mode a definition wants it under.
        fs.utimesSync(file, 0, 0);
        const layer = await store.layers.addFolder(folder, { signal, digests: new Map([[CONTENT, digest]]) });
        return describe(response, { digest, sizeBytes, layer });
      } catch (error) {
        fs.rmSync(folder, { recursive: true, force: true });
        signal.throwIfAborted();
        // What broke off in the middle begins anew.
        const again = error instanceof WorldError && error.retryable;
        if (!again || attempt >= limits.retry.attempts) throw error;
        await pause(limits.retry.initialDelayMs * 2 ** (attempt - 1), signal);
      }
    }
  }

  async function find(
    spec: HttpRequestSpec,
    progress: Progress | undefined,
    signal: AbortSignal,
  ): Promise<Download> {
    const request = requestOf(spec);
    const known = memory.get(request);
    if (known !== undefined && (known.digest === spec.checksum || (await revalidate(spec, known, signal))))
      return known;
    const fresh = await download(spec, progress, signal);
    memory.put(request, fresh);
    return fresh;
  }

  async function settle(
    spec: HttpRequestSpec,
    progress: Progress | undefined,
    signal: AbortSignal,
  ): Promise<Download> {
    const request = requestOf(spec);
    let pending = settled.get(request);
    if (pending === undefined) {
      pending = find(spec, progress, signal);
      settled.set(request, pending);
      pending.catch(() => settled.delete(request));
    }
    const found = await pending;
    if (spec.checksum !== undefined && found.digest !== spec.checksum)
      throw checksumMismatch(spec.url, spec.checksum, found.digest);
    return found;
  }

  return {
    async key(op, signal) {
      const spec = readHttpOp(op);
      if (spec.url.hostname === UPLOAD_HOST) return null;
      // What the definition pins needs no server.
      if (spec.checksum !== undefined) return keyOf(spec, { digest: spec.checksum });
      const request = requestOf(spec);
      const inBuild = settled.get(request);
      if (inBuild !== undefined) return keyOf(spec, await inBuild);
      const known = memory.get(request);
      // A download is work, with progress and beside other steps: it is done when the source is loaded.
      if (known === undefined || !(await revalidate(spec, known, signal))) return null;
      settled.set(request, Promise.resolve(known));
      return keyOf(spec, known);
    },
    async load(op, { vertex, context }) {
      const spec = readHttpOp(op);
      if (spec.url.hostname === UPLOAD_HOST) return lentFile(spec, options);
      const progress = statuses(redactUrl(spec.url), { vertex, context });
      const found = await settle(spec, progress, context.signal);
      return { layers: [await layerOf(options, spec, found, context.signal)] };
    },
    async meta(op, signal) {
      const spec = readHttpOp(op);
      if (spec.url.hostname === UPLOAD_HOST) {
        throw new InputError(
          "SOURCE_UNSUPPORTED",
          "there is nothing to tell about a lent file before it is there",
          {
            hint: "The frontend has to solve it.",
          },
        );
      }
      const found = await settle(spec, undefined, signal);
      return {
        checksum: found.digest,
        filename: nameOf(spec, found),
        ...(found.lastModifiedSeconds === undefined
          ? {}
          : { lastModifiedMs: found.lastModifiedSeconds * 1000 }),
      };
    },
  };
}

/** What makes two downloads the same: not name, mode and owner, which only dress it. */
function requestOf({ url, headers, authHeaderSecret }: HttpRequestSpec): string {
  const plain = new URL(url);
  plain.hash = "";
  return JSON.stringify([plain.href, Object.entries(headers).sort(), authHeaderSecret ?? ""]);
}

function keyOf(spec: HttpRequestSpec, found: Pick<Download, "digest"> & Partial<Download>): string {
  const name = spec.filename ?? nameOf(spec, found);
  const owner = `${spec.uid}:${spec.gid}`;
  return `http ${JSON.stringify([found.digest, found.lastModifiedSeconds ?? 0, name, spec.mode, owner, Object.entries(spec.headers).sort()])}`;
}

function nameOf(spec: HttpRequestSpec, found: Partial<Download>): string {
  return spec.filename ?? found.serverName ?? urlName(spec.url);
}

function describe(
  { headers }: HttpResponse,
  content: { readonly digest: Digest; readonly sizeBytes: number; readonly layer: LayerId },
): Download {
  const { etag, "last-modified": lastModified } = headers;
  const dateMs = lastModified === undefined ? NaN : Date.parse(lastModified);
  const serverName = dispositionName(headers["content-disposition"]);
  return {
    ...content,
    ...(serverName === undefined ? {} : { serverName }),
    ...(etag === undefined || etag.length > 1000 ? {} : { etag }),
    ...(Number.isNaN(dateMs) || dateMs < 0 ? {} : { lastModifiedSeconds: dateMs / 1000 }),
    ...(isSettled(dateMs, headers.date) ? { lastModified } : {}),
  } as Download;
}

/** What changed this close before it was sent may have changed again within the same second. @see RFC 9110, 8.8.2.2 */
function isSettled(lastModifiedMs: number, date: string | undefined): boolean {
  const sentMs = date === undefined ? NaN : Date.parse(date);
  return sentMs - lastModifiedMs >= 2000;
}

/** The file as the definition wants it, pointing at the content: nothing is copied. */
function layerOf(
  { store }: HttpSourceOptions,
  spec: HttpRequestSpec,
  found: Download,
  signal: AbortSignal,
): Promise<LayerId> {
  return store.layers.addIndex(
    {
      entries: [
        {
          kind: "file",
          path: bytesOfText(nameOf(spec, found)) as BytePath,
          mode: spec.mode,
          uid: spec.uid,
          gid: spec.gid,
          mtimeNs: BigInt(found.lastModifiedSeconds ?? 0) * 1_000_000_000n,
          sizeBytes: found.sizeBytes,
          digest: found.digest,
          content: { kind: "layer", layer: found.layer, path: CONTENT },
        },
      ],
    },
    signal,
  );
}

function statuses(name: string, { vertex, context }: SourceTask): Progress {
  const startedMs = Date.now();
  let toldMs = 0;
  return (current, total, done = false) => {
    const timestampMs = Date.now();
    if (!done && timestampMs - toldMs < PROGRESS_EVERY_MS) return;
    toldMs = timestampMs;
    context.progress({
      kind: "status",
      id: "downloading",
      vertex: vertex.digest,
      name: `downloading ${name}`,
      current,
      total,
      timestampMs,
      startedMs,
      ...(done ? { completedMs: timestampMs } : {}),
    });
  };
}
