import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { gzipSync } from "node:zlib";
import { sha256, type Digest } from "@slipway/oci";
import { expect, test } from "vitest";
import { requires } from "@slipway/testing";
import { linux, signal, sourceOp, taskOf, temporaryFolder, temporaryStore } from "../testing.test.helper.ts";
import { createOciLayoutSource } from "./oci-layout-source.ts";

interface Layout {
  readonly folder: string;
  readonly index: Digest;
  readonly manifest: Digest;
  readonly layer: Digest;
  readonly config: Digest;
}

function blob(folder: string, bytes: Uint8Array | string): { digest: Digest; size: number } {
  const buffer = Buffer.from(bytes);
  const digest = sha256(buffer);
  fs.mkdirSync(path.join(folder, "blobs/sha256"), { recursive: true });
  fs.writeFileSync(path.join(folder, "blobs/sha256", digest.slice(7)), buffer);
  return { digest, size: buffer.length };
}

/** A layout with one image of one layer that holds `file`, behind an index. */
function makeLayout(text = "hello"): Layout {
  const folder = temporaryFolder();
  const content = temporaryFolder();
  fs.writeFileSync(path.join(content, "file"), text);
  const tar = execFileSync("tar", ["c", "--sort=name", "--owner=0", "--group=0", "-C", content, "file"]);
  const layer = blob(folder, gzipSync(tar));
  const config = blob(
    folder,
    JSON.stringify({
      os: "linux",
      architecture: "amd64",
      config: { Env: ["A=b"] },
      rootfs: { type: "layers", diff_ids: [sha256(tar)] },
    }),
  );
  const manifest = blob(
    folder,
    JSON.stringify({
      schemaVersion: 2,
      config: { mediaType: "application/vnd.oci.image.config.v1+json", ...config },
      layers: [{ mediaType: "application/vnd.oci.image.layer.v1.tar+gzip", ...layer }],
    }),
  );
  const mediaType = "application/vnd.oci.image.manifest.v1+json";
  const index = blob(
    folder,
    JSON.stringify({
      schemaVersion: 2,
      manifests: [{ mediaType, ...manifest, platform: { os: "linux", architecture: "amd64" } }],
    }),
  );
  return {
    folder,
    index: index.digest,
    manifest: manifest.digest,
    layer: layer.digest,
    config: config.digest,
  };
}

const blobPath = (layout: Layout, digest: Digest): string =>
  path.join(layout.folder, "blobs/sha256", digest.slice(7));

async function open(layout: Layout, digest: Digest, attrs: Record<string, string> = {}) {
  const store = await temporaryStore();
  const source = createOciLayoutSource({ store, layouts: { lent: layout.folder } });
  const op = sourceOp(`oci-layout://lent@${digest}`, attrs);
  return {
    store,
    source,
    op,
    load: async () => {
      const ref = await source.load(op, linux, taskOf(op));
      const view = await store.roots.view(ref, signal);
      return String(await view.readFile("file"));
    },
  };
}

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "nothing",
    (error: { code?: string }) => error.code ?? String(error),
  );

requires({ root: true }).test(
  "an image of a layout, behind an index or not, is a filesystem with a config",
  async () => {
    const layout = makeLayout();
    for (const digest of [layout.index, layout.manifest]) {
      const { load, source, op } = await open(layout, digest);
      expect(await load()).toBe("hello");
      expect(await source.key(op, linux, signal)).toBe(`oci-layout ${digest} linux/amd64`);
      expect(await source.meta(op, linux, signal)).toMatchObject({
        ref: `lent@${digest}`,
        digest,
        config: { config: { Env: ["A=b"] } },
      });
    }
  },
);

requires({ root: true }).test(
  "the attribute oci.store names the folder when the identifier has another name",
  async () => {
    const layout = makeLayout();
    const { source, store } = await open(layout, layout.manifest);
    const op = sourceOp(`oci-layout://docker.io/library/base:1@${layout.manifest}`, { "oci.store": "lent" });
    const ref = await source.load(op, linux, taskOf(op));
    expect(String(await (await store.roots.view(ref, signal)).readFile("file"))).toBe("hello");
  },
);

test("a folder that was not lent is out of reach", async () => {
  const layout = makeLayout();
  const { source } = await open(layout, layout.manifest);
  for (const name of ["other", "__proto__", "../lent"]) {
    const op = sourceOp(`oci-layout://${name}@${layout.manifest}`);
    expect(await codeOf(source.load(op, linux, taskOf(op)))).toBe("OCI_LAYOUT_NOT_LENT");
  }
});

test("a reference without a digest is refused", async () => {
  const layout = makeLayout();
  const { source } = await open(layout, layout.manifest);
  for (const rest of ["lent", "lent:tag", "lent@sha256:../../../etc/passwd", "@x"]) {
    const op = sourceOp(`oci-layout://${rest}`);
    expect(await codeOf(source.key(op, linux, signal))).toBe("OCI_LAYOUT_INVALID");
  }
});

test.each(["index", "manifest", "config"] as const)("a changed %s is refused", async (which) => {
  const layout = makeLayout();
  fs.appendFileSync(blobPath(layout, layout[which]), " ");
  const { load } = await open(layout, layout.index);
  expect(await codeOf(load())).toBe("OCI_LAYOUT_INVALID");
});

test("a changed layer is refused when something looks into it, and never unpacked", async () => {
  for (const change of [
    (file: string) => fs.appendFileSync(file, "x"),
    (file: string) => {
      const bytes = fs.readFileSync(file);
      bytes[bytes.length - 9]! ^= 1;
      fs.writeFileSync(file, bytes);
    },
    (file: string) => fs.truncateSync(file, 10),
  ]) {
    const layout = makeLayout();
    change(blobPath(layout, layout.layer));
    const { load, store } = await open(layout, layout.manifest);
    expect(await codeOf(load())).not.toBe("nothing");
    expect(store.usage().filter(({ kind }) => kind === "layer")).toEqual([]);
  }
});

test("links, pipes and folders in the place of blobs are refused, without waiting", async () => {
  for (const make of [
    (file: string) => fs.symlinkSync("/etc/passwd", file),
    (file: string) => void execFileSync("mkfifo", [file]),
    (file: string) => fs.mkdirSync(file),
  ]) {
    const layout = makeLayout();
    const file = blobPath(layout, layout.config);
    fs.rmSync(file);
    make(file);
    const { load } = await open(layout, layout.manifest);
    expect(await codeOf(load())).toBe("OCI_LAYOUT_INVALID");
  }
});

test("a blob that is not there, or has no image for the platform, says so", async () => {
  const layout = makeLayout();
  const missing = await open(layout, sha256("nothing"));
  expect(await codeOf(missing.load())).toBe("IMAGE_NOT_FOUND");
  const { source, op } = await open(layout, layout.index);
  expect(await codeOf(source.key(op, { os: "linux", architecture: "s390x" }, signal))).toBe(
    "PLATFORM_NOT_FOUND",
  );
});

test("documents that are none, and indexes in a circle, are refused", async () => {
  const layout = makeLayout();
  const huge = blob(layout.folder, "x".repeat(5 * 1024 * 1024));
  const text = blob(layout.folder, "not json");
  let nested: { digest: Digest; size: number } = { digest: layout.index, size: 1 };
  for (let i = 0; i < 6; i++) {
    nested = blob(
      layout.folder,
      JSON.stringify({
        schemaVersion: 2,
        manifests: [{ mediaType: "application/vnd.oci.image.index.v1+json", ...nested }],
      }),
    );
  }
  for (const { digest } of [huge, text, nested]) {
    const { load } = await open(layout, digest);
    expect(await codeOf(load())).not.toBe("nothing");
  }
});
