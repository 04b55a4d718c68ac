import { spawnSync } from "node:child_process";
import fs from "node:fs";
import { createServer as createHttpServer, type IncomingMessage, type RequestListener } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import type { AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import { createVertex, type SourceOp } from "@slipway/ir";
import type { BuildSession, ProgressEvent, SourceTask } from "@slipway/engine-sdk";
import { openStore, type Store } from "@slipway/store";
import { onTestFinished } from "vitest";

export const signal: AbortSignal = new AbortController().signal;
export const linux = { os: "linux", architecture: "amd64" } as const;

/** Whether a tool is missing that a test needs; an error where everything is required. */
export function missingTools(...tools: string[]): boolean {
  const missing = tools.filter((tool) => spawnSync("sh", ["-c", `command -v ${tool}`]).status !== 0);
  if (missing.length > 0 && process.env.SLIPWAY_REQUIRE_ALL === "1")
    throw new Error(`these tests need ${missing.join(", ")}`);
  return missing.length > 0;
}

export function temporaryFolder(): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "slipway-sources-test-"));
  onTestFinished(() => fs.rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
  return folder;
}

/** A store that closes when the test ends. */
export async function temporaryStore(root = temporaryFolder()): Promise<Store> {
  const store = await openStore({ root });
  onTestFinished(() => store.close());
  return store;
}

export function sourceOp(identifier: string, attrs: Readonly<Record<string, string>> = {}): SourceOp {
  return { kind: "source", identifier, attrs };
}

/** What a load runs under; `events` fills. */
export function taskOf(op: SourceOp, events: ProgressEvent[] = [], abort: AbortSignal = signal): SourceTask {
  const vertex = createVertex({ op, inputs: [] });
  return { vertex, context: { signal: abort, progress: (event) => void events.push(event) } };
}

/** A session that lends these secrets, and notes what it was asked for. */
export function sessionWith(secrets: Readonly<Record<string, string>>): BuildSession & { asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    secret(id) {
      asked.push(id);
      const text = secrets[id];
      return Promise.resolve(text === undefined ? undefined : new TextEncoder().encode(text));
    },
    sshAgent: () => undefined,
  };
}

export interface TestServer {
  /** `http://127.0.0.1:1234` */
  readonly url: string;
  readonly port: number;
  /** In order of arrival. */
  readonly requests: IncomingMessage[];
}

/** A server on a free port of this machine that answers as told. */
export async function serve(
  listener: RequestListener,
  tls?: { readonly cert: string; readonly key: string },
): Promise<TestServer> {
  const requests: IncomingMessage[] = [];
  const answer: RequestListener = (request, response) => {
    requests.push(request);
    void listener(request, response);
  };
  const server = tls ? createHttpsServer(tls, answer) : createHttpServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  const { port } = server.address() as AddressInfo;
  return { url: `${tls ? "https" : "http"}://127.0.0.1:${port}`, port, requests };
}
