import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import os from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { SourceMeta } from "@slipway/frontend-sdk";
import { hostPlatform, sha256 } from "@slipway/oci";
import type { ImageResolver } from "@slipway/sources";
import { openStore } from "@slipway/store";
import type { BuildRequest } from "../contracts.ts";
import { createBuildSources } from "./build-sources.ts";

const signal = new AbortController().signal;

async function meta(identifier: string): Promise<SourceMeta> {
  const root = mkdtempSync(path.join(os.tmpdir(), "slipway-build-sources-"));
  const store = await openStore({ root });
  onTestFinished(async () => {
    await store.close();
    rmSync(root, { recursive: true, force: true });
  });
  const request = { localDirs: {}, uploads: { context: "/x" } } as unknown as BuildRequest;
  const sources = createBuildSources({ store, images: {} as ImageResolver, request });
  return sources.meta({ kind: "source", identifier, attrs: {} }, hostPlatform(), signal);
}

test("a URL's meta is its content's checksum, name and time", async () => {
  const server = createServer((_, response) => {
    response.setHeader("last-modified", "Sat, 01 Jan 2022 00:00:00 GMT").end("hello");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  expect(await meta(`http://127.0.0.1:${port}/a/b.txt`)).toEqual({
    kind: "http",
    checksum: sha256("hello"),
    filename: "b.txt",
    lastModifiedMs: Date.UTC(2022, 0, 1),
  });
});

test.each([
  ["local://context", "SOURCE_UNSUPPORTED"],
  ["http://buildkit-session/context", "SOURCE_UNSUPPORTED"],
  ["nothing", "SOURCE_UNSUPPORTED"],
  [`oci-layout://x@sha256:${"a".repeat(64)}`, "OCI_LAYOUT_NOT_LENT"],
  ["git://127.0.0.1/x#-y", "GIT_REF_INVALID"],
])("%s has none: %s", async (identifier, code) => {
  await expect(meta(identifier)).rejects.toMatchObject({ code });
});
