import { mkdirSync, writeFileSync } from "node:fs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { temporaryFolder, type TemporaryFolder } from "../testing/temporary-folder.ts";
import { namedContexts } from "./named-contexts.ts";

let folder: TemporaryFolder;
beforeEach(() => (folder = temporaryFolder()));
afterEach(() => folder.remove());

const A = `sha256:${"a".repeat(64)}`;
const B = `sha256:${"b".repeat(64)}`;

function layout(name: string, manifests: readonly (readonly [digest: string, ref?: string])[]): void {
  mkdirSync(folder.join(name), { recursive: true });
  writeFileSync(
    folder.join(`${name}/index.json`),
    JSON.stringify({
      schemaVersion: 2,
      manifests: manifests.map(([digest, ref]) => ({
        digest,
        size: 1,
        ...(ref === undefined ? {} : { annotations: { "org.opencontainers.image.ref.name": ref } }),
      })),
    }),
  );
}

test.each([
  "docker-image://alpine",
  "https://example.com/x.git#v1",
  "http://example.com/x.tar",
  "git@example.com:x.git",
  "ssh://git@example.com/x.git",
  "git://example.com/x.git",
  "github.com/x/y",
])("%s goes to the frontend as it is", async (value) => {
  expect(await namedContexts([`n=${value}`], folder.path)).toEqual({
    localDirs: {},
    ociLayouts: {},
    options: { "context:n": value },
  });
});

test("a folder is lent under the context's name, also one that looks like an address", async () => {
  mkdirSync(folder.join("github.com/x"), { recursive: true });
  const { localDirs, options } = await namedContexts(["n=github.com/x", "alpine:3=."], folder.path);
  expect(localDirs).toEqual({ n: folder.join("github.com/x"), "alpine:3": folder.path });
  expect(options).toEqual({ "context:n": "local:n", "context:alpine:3": "local:alpine:3" });
});

test.each([
  ["one", A],
  ["one:only", A],
  [`one@${B}`, B],
  [`one:only@${B}`, B],
  ["two:v2", B],
  ["two", A],
  ["with:colon", A],
])("oci-layout://%s is an image of the folder", async (text, digest) => {
  layout("one", [[A, "only"]]);
  layout("two", [
    [A, "docker.io/library/x:latest"],
    [B, "v2"],
  ]);
  layout("with", [[A, "colon"]]);
  for (const prefix of ["", `${folder.path}/`]) {
    const { ociLayouts, options } = await namedContexts([`n=oci-layout://${prefix}${text}`], folder.path);
    expect(ociLayouts).toEqual({ "layout-1": folder.join(text.split(/[:@]/)[0]!) });
    expect(options).toEqual({ "context:n": `oci-layout://layout-1@${digest}` });
  }
});

test("several images of one folder share it", async () => {
  layout("one", [[A, "a"]]);
  layout("two", [[A, "a"]]);
  const flags = ["x=oci-layout://one", "y=oci-layout://two", "z=oci-layout://one:a"];
  const { ociLayouts, options } = await namedContexts(flags, folder.path);
  expect(ociLayouts).toEqual({ "layout-1": folder.join("one"), "layout-2": folder.join("two") });
  expect(options["context:z"]).toBe(`oci-layout://layout-1@${A}`);
});

test.each([
  ["n=oci-layout://nowhere", "OCI_LAYOUT_INVALID"],
  ["n=oci-layout://bad", "OCI_LAYOUT_INVALID"],
  ["n=oci-layout://two:v3", "IMAGE_NOT_FOUND"],
  ["n=oci-layout://many", "IMAGE_NOT_FOUND"],
  ["n=oci-layout://two@sha256:x", "OCI_LAYOUT_INVALID"],
  ["n=nowhere", "CONTEXT_NOT_FOUND"],
])("%s is an error that says what there is", async (flag, code) => {
  layout("two", [[A, "latest"], [B]]);
  layout("many", [[A], [B]]);
  mkdirSync(folder.join("bad"));
  writeFileSync(folder.join("bad/index.json"), "[]");
  const error = await namedContexts([flag], folder.path).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code, hint: expect.any(String) as string });
});
