import {
  chmodSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hostPlatform } from "@slipway/oci";
import { createImageResolver, createLocalSource } from "@slipway/sources";
import { createRegistryClient, dockerCredentials } from "@slipway/registry";
import { openStore } from "@slipway/store";
import { temporaryFolder } from "@slipway/testing";
import type { ProgressEvent } from "@slipway/engine-sdk";
import type { BuildRequest } from "../contracts.ts";
import { createEngine } from "../create-engine.ts";
import { buildKey, recallBuild } from "./remembered-build.ts";

const CODE = "test";
const folder = temporaryFolder();
const root = folder.join("store");
const signal = AbortSignal.timeout(300_000);

const NAMES = [
  "same", "content", "size", "added", "ignored", "dockerfile", "ignorefile", "mode", "link", "removed",
  "argument", "nocache", "pruned", "progress", "inner",
] as const; // prettier-ignore

function makeContext(name: string): string {
  const place = folder.join(name);
  mkdirSync(`${place}/dir`, { recursive: true });
  writeFileSync(`${place}/a.txt`, "aaaa\n");
  writeFileSync(`${place}/skipped.log`, "log\n");
  writeFileSync(`${place}/dir/b.txt`, `${name}\n`);
  symlinkSync("a.txt", `${place}/l`);
  writeFileSync(`${place}/.dockerignore`, "*.log\n");
  writeFileSync(
    `${place}/Dockerfile`,
    `FROM scratch\nARG X=1\nLABEL name=${name} x=$X\nCOPY . /c/\nCOPY dir /d/\n`,
  );
  return place;
}

function requestOf(name: string, options: Record<string, string> = {}): BuildRequest {
  const place = folder.join(name);
  return {
    options: { filename: "Dockerfile", "build-arg:SOURCE_DATE_EPOCH": "1700000000", ...options },
    sourceDateEpochSeconds: 1_700_000_000,
    platforms: [hostPlatform()],
    localDirs: { context: place, dockerfile: place },
    exports: [{ type: "oci", attrs: { dest: folder.join(`${name}.tar`) } }],
    cwd: folder.path,
    stdout: process.stdout,
  };
}

async function build(
  request: BuildRequest,
  code = CODE,
): Promise<{ digest: unknown; events: ProgressEvent[] }> {
  const engine = await createEngine({ root, codeIdentity: code });
  const events: ProgressEvent[] = [];
  try {
    const { response } = await engine.build(request, { signal, progress: (event) => events.push(event) });
    return { digest: response["containerimage.digest"], events };
  } finally {
    await engine.close();
  }
}

/** Whether the next build would skip frontend and solver. */
async function isRecalled(request: BuildRequest, code = CODE): Promise<boolean> {
  const store = await openStore({ root });
  const registry = createRegistryClient({ credentials: dockerCredentials() });
  try {
    const key = buildKey(request, code);
    if (key === undefined) return false;
    const images = createImageResolver({ store, registry });
    const local = createLocalSource({ store, folders: request.localDirs });
    return (await recallBuild(key, { store, images, local }, signal)) !== undefined;
  } finally {
    registry.close();
    await store.close();
  }
}

/** Builds until it is remembered: once to fill the cache, once to find everything in it. */
async function remember(name: string): Promise<unknown> {
  await build(requestOf(name));
  const { digest } = await build(requestOf(name));
  expect(await isRecalled(requestOf(name))).toBe(true);
  return digest;
}

beforeAll(async () => {
  for (const name of NAMES) makeContext(name);
  // Files that have just been written are not trusted to show that they change.
  await sleep(2200);
}, 20_000);
afterAll(() => folder.remove());

describe("a build that found everything in the cache", { timeout: 60_000 }, () => {
  test("gives the same image when it is recalled", async () => {
    const digest = await remember("same");
    expect((await build(requestOf("same"))).digest).toBe(digest);
  });

  test("is recalled in spite of changes to what the build does not read", async () => {
    await remember("ignored");
    writeFileSync(folder.join("ignored", "skipped.log"), "changed\n");
    writeFileSync(folder.join("ignored", "more.log"), "new\n");
    expect(await isRecalled(requestOf("ignored"))).toBe(true);
  });

  const changes: Readonly<Partial<Record<(typeof NAMES)[number], (place: string) => void>>> = {
    content(place) {
      // The same size and the same mtime.
      const { atime, mtime } = statSync(`${place}/a.txt`);
      writeFileSync(`${place}/a.txt`, "bbbb\n");
      utimesSync(`${place}/a.txt`, atime, mtime);
    },
    size: (place) => writeFileSync(`${place}/a.txt`, "longer than before\n"),
    added: (place) => writeFileSync(`${place}/dir/new.txt`, "new\n"),
    removed: (place) => rmSync(`${place}/dir/b.txt`),
    mode: (place) => chmodSync(`${place}/a.txt`, 0o755),
    link(place) {
      rmSync(`${place}/l`);
      symlinkSync("dir/b.txt", `${place}/l`);
    },
    inner: (place) => mkdirSync(`${place}/dir/empty`),
    dockerfile: (place) => writeFileSync(`${place}/Dockerfile`, "FROM scratch\nCOPY . /other/\n"),
    ignorefile: (place) => writeFileSync(`${place}/.dockerignore`, "a.txt\n"),
  };
  test.each(Object.entries(changes))("is not recalled after a change of: %s", async (name, change) => {
    const before = await remember(name);
    change(folder.join(name));
    expect(await isRecalled(requestOf(name))).toBe(false);
    const { digest } = await build(requestOf(name));
    expect(digest).not.toBe(before);
    // What is built then is what a store that remembers nothing builds.
    const fresh = await createEngine({ root: folder.join(`fresh-${name}`) });
    const { response } = await fresh.build(requestOf(name), { signal, progress: () => undefined });
    await fresh.close();
    expect(response["containerimage.digest"]).toBe(digest);
  });

  test("is not recalled for another argument, another target or other code", async () => {
    await remember("argument");
    expect(await isRecalled(requestOf("argument", { "build-arg:X": "2" }))).toBe(false);
    expect(await isRecalled(requestOf("argument", { "label:a": "b" }))).toBe(false);
    expect(await isRecalled(requestOf("argument"), "other code")).toBe(false);
    expect(buildKey(requestOf("argument"), undefined)).toBeUndefined();
  });

  test("is neither remembered nor recalled with --no-cache", async () => {
    await remember("nocache");
    expect(buildKey(requestOf("nocache", { "no-cache": "" }), CODE)).toBeUndefined();
  });

  test("is not recalled after its results were pruned", async () => {
    await remember("pruned");
    const engine = await createEngine({ root, codeIdentity: CODE });
    for await (const _record of engine.prune({ all: true, signal }));
    await engine.close();
    expect(await isRecalled(requestOf("pruned"))).toBe(false);
    await expect(build(requestOf("pruned"))).resolves.toBeDefined();
  });

  test("shows the same progress when it is recalled", async () => {
    const shown = ({ events }: { events: ProgressEvent[] }) =>
      events
        .filter((event) => event.kind === "vertex")
        .map(({ name, cached, completedMs }) => ({ name, cached, isDone: completedMs !== undefined }));
    await build(requestOf("progress"));
    const second = await build(requestOf("progress"));
    expect(await isRecalled(requestOf("progress"))).toBe(true);
    const third = await build(requestOf("progress"));
    expect(shown(third)).toEqual(shown(second));
    expect(shown(third).some(({ name, cached }) => cached && name.includes("COPY dir"))).toBe(true);
  });
});

test("files that have just been written are not remembered by", { timeout: 60_000 }, async () => {
  const place = makeContext("fresh");
  await build(requestOf("fresh"));
  await build(requestOf("fresh"));
  expect(readFileSync(`${place}/a.txt`, "utf8")).toBe("aaaa\n");
  expect(await isRecalled(requestOf("fresh"))).toBe(false);
});
