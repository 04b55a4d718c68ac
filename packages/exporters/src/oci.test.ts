import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import path from "node:path";
import { Readable } from "node:stream";
import type { LayerBlobOptions } from "@slipway/engine-sdk";
import { MediaTypes, sha256, type ImageConfig } from "@slipway/oci";
import { describe, expect, it } from "vitest";
import {
  AMD64,
  ARM64,
  contextFor,
  layerTar,
  missingTools,
  prepare,
  temporaryFolder,
  type TestResult,
} from "./export-context.test.fixture.ts";

const missing = missingTools("skopeo", "umoci", "tar");
const run = (program: string, ...args: string[]) =>
  execFileSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });

const config: ImageConfig = {
  architecture: "amd64",
  os: "linux",
  config: { Cmd: ["/hello"], Env: ["A=b"], Labels: { z: "1", a: "2" }, WorkingDir: "/work" },
  history: [
    { created_by: "COPY one", created: "2023-01-01T00:00:00Z" },
    { created_by: "ENV A=b", empty_layer: true },
    { created_by: "COPY two" },
  ],
};
const twoLayers = (folder?: string): TestResult => ({
  config,
  layers: [
    { tar: layerTar({ one: "first" }), ...(folder ? { folder } : {}) },
    { tar: layerTar({ two: "second" }), created: "2024-06-01T00:00:00Z" },
  ],
});

describe.skipIf(missing !== undefined)(
  `archives that other tools read${missing ? ` (missing: ${missing})` : ""}`,
  () => {
    it("an OCI archive is copied by skopeo and unpacked by umoci, as root file system and config", async () => {
      const folder = temporaryFolder();
      const context = contextFor([twoLayers(folder)], { cwd: folder });
      const response = await (
        await prepare("oci", { dest: "out.tar", name: "example.com/team/app:v1" })
      ).write(context);

      run("skopeo", "copy", `oci-archive:${folder}/out.tar:v1`, `oci:${folder}/layout:v1`);
      const seen = JSON.parse(run("skopeo", "inspect", "--config", `oci:${folder}/layout:v1`)) as ImageConfig;
      expect(seen.config?.Labels).toEqual({ z: "1", a: "2" });
      expect(seen.history?.map(({ created }) => created)).toEqual([
        "2023-01-01T00:00:00Z",
        "2024-06-01T00:00:00Z",
        "2024-06-01T00:00:00Z",
      ]);
      expect(JSON.parse(run("skopeo", "inspect", `oci:${folder}/layout:v1`))).toMatchObject({
        Digest: response["containerimage.digest"],
      });
      run("umoci", "unpack", "--rootless", "--image", `${folder}/layout:v1`, `${folder}/bundle`);
      expect(
        readFileSync(`${folder}/bundle/rootfs/one`, "utf8") +
          readFileSync(`${folder}/bundle/rootfs/two`, "utf8"),
      ).toBe("firstsecond");
      expect(response).toMatchObject({
        "image.name": "example.com/team/app:v1",
        "containerimage.descriptor": {
          mediaType: MediaTypes.ociManifest,
          digest: response["containerimage.digest"],
        },
      });
    });

    it("a Docker archive is read by skopeo, with all of its names", async () => {
      const folder = temporaryFolder();
      const prepared = await prepare("docker", { dest: "out.tar", name: "busybox:v1,localhost:5000/x" });
      const response = await prepared.write(contextFor([twoLayers(folder)], { cwd: folder }));
      for (const name of ["busybox:v1", "localhost:5000/x:latest"]) {
        const seen = JSON.parse(
          run("skopeo", "inspect", "--config", `docker-archive:${folder}/out.tar:${name}`),
        ) as ImageConfig;
        expect(seen.config?.Cmd).toEqual(["/hello"]);
      }
      run("skopeo", "copy", `docker-archive:${folder}/out.tar`, `oci:${folder}/layout:v1`);
      const index = JSON.parse(run("tar", "-xOf", `${folder}/out.tar`, "index.json")) as {
        manifests: { mediaType: string; digest: string }[];
      };
      expect(index.manifests[0]).toMatchObject({
        mediaType: MediaTypes.dockerManifest,
        digest: response["containerimage.digest"],
      });
    });

    it("an archive without compression, and an empty image, are read, too", async () => {
      const folder = temporaryFolder();
      for (const [file, attrs, result] of [
        ["plain.tar", { compression: "uncompressed" }, twoLayers()],
        ["empty.tar", {}, {}],
      ] as const) {
        const seen = await (
          await prepare("oci", { dest: file, ...attrs, name: "x:y" })
        ).write(contextFor([result], { cwd: folder }));
        expect(JSON.parse(run("skopeo", "inspect", `oci-archive:${folder}/${file}:y`))).toMatchObject({
          Digest: seen["containerimage.digest"],
        });
      }
    });

    it("several platforms make an index, with annotations where they were asked for", async () => {
      const folder = temporaryFolder();
      const results = [
        twoLayers(),
        { ...twoLayers(), platform: ARM64, config: { ...config, architecture: "arm64" } },
      ];
      const attrs = {
        dest: "layout",
        tar: "false",
        name: "x:y",
        "annotation.all": "m",
        "annotation-manifest[linux/arm64].all": "arm",
        "annotation-index.i": "1",
        "annotation-manifest-descriptor[linux/amd64].d": "2",
        "annotation-index-descriptor.top": "3",
      };
      const response = await (await prepare("oci", attrs)).write(contextFor(results, { cwd: folder }));
      const read = (digest: string) =>
        JSON.parse(readFileSync(`${folder}/layout/blobs/sha256/${digest.slice(7)}`, "utf8")) as Record<
          string,
          unknown
        >;
      const top = JSON.parse(readFileSync(`${folder}/layout/index.json`, "utf8")) as {
        manifests: { digest: string; annotations: object }[];
      };
      expect(top.manifests[0]).toMatchObject({
        digest: response["containerimage.digest"],
        annotations: { top: "3", "org.opencontainers.image.ref.name": "y" },
      });
      const index = read(response["containerimage.digest"] as string) as { manifests: { digest: string }[] };
      expect(index).toMatchObject({
        mediaType: MediaTypes.ociIndex,
        annotations: { i: "1" },
        manifests: [
          { platform: { os: "linux", architecture: "amd64" }, annotations: { d: "2" } },
          { platform: { os: "linux", architecture: "arm64" } },
        ],
      });
      expect(index.manifests.map(({ digest }) => read(digest).annotations)).toEqual([
        { all: "m" },
        { all: "arm" },
      ]);
      expect(response).not.toHaveProperty("containerimage.config.digest");
      run("skopeo", "copy", "--all", `oci:${folder}/layout:y`, `oci:${folder}/copy:y`);
      expect(
        JSON.parse(run("skopeo", "inspect", "--override-arch", "arm64", `oci:${folder}/layout:y`)),
      ).toMatchObject({ Architecture: "arm64" });
    });
  },
);

describe("archives and layouts", () => {
  it("are the same bytes each time, whether the blobs are files or streams", async () => {
    const folder = temporaryFolder();
    for (const [dest, result] of [
      ["a", twoLayers()],
      ["b", twoLayers(folder)],
      ["c", twoLayers()],
    ] as const) {
      await (await prepare("oci", { dest, name: "x:y" })).write(contextFor([result], { cwd: folder }));
    }
    const hashes = ["a", "b", "c"].map((file) =>
      createHash("sha256")
        .update(readFileSync(path.join(folder, file)))
        .digest("hex"),
    );
    expect(new Set(hashes).size).toBe(1);
  });

  it("write to stdout what they write to a file, but not to a terminal", async () => {
    const folder = temporaryFolder();
    const context = contextFor([twoLayers(folder)], { cwd: folder });
    const received = context.stdout.toArray() as Promise<Buffer[]>;
    await (await prepare("oci", { dest: "-" })).write(context);
    context.stdout.end();
    await (await prepare("oci", { dest: "file" })).write(contextFor([twoLayers()], { cwd: folder }));
    expect(Buffer.concat(await received).equals(readFileSync(`${folder}/file`))).toBe(true);

    const terminal = contextFor([twoLayers()]);
    Object.assign(terminal.stdout, { isTTY: true });
    await expect((await prepare("oci", { dest: "-" })).write(terminal)).rejects.toMatchObject({
      code: "STDOUT_IS_TERMINAL",
    });
  });

  it("say that the reader of stdout went away", async () => {
    const big = { layers: [{ tar: randomBytes(3_000_000) }] };
    const context = contextFor([big]);
    context.stdout.once("data", () => context.stdout.destroy());
    const write = (await prepare("oci", { dest: "-", compression: "uncompressed" })).write(context);
    await expect(write).rejects.toMatchObject({ code: "STDOUT_CLOSED" });
  });

  it.skipIf(process.geteuid?.() !== 0)("say that the disk is full, and clean up", async () => {
    const folder = temporaryFolder();
    const blobs = temporaryFolder();
    run("mount", "-t", "tmpfs", "-o", "size=64k", "none", folder);
    try {
      for (const attrs of [{}, { tar: "false" }] as Record<string, string>[]) {
        for (const from of [blobs, undefined]) {
          const layers = [{ tar: randomBytes(200_000), ...(from ? { folder: from } : {}) }];
          const write = (await prepare("oci", { dest: "out", ...attrs })).write(
            contextFor([{ layers }], { cwd: folder }),
          );
          await expect(write).rejects.toMatchObject({ code: "DISK_FULL", family: "world" });
          expect(readdirSync(folder)).toEqual([]);
        }
      }
    } finally {
      run("umount", folder);
    }
  });

  it("replace a file that is there, also through a symlink, and nothing else", async () => {
    const folder = temporaryFolder();
    writeFileSync(`${folder}/real`, "old");
    symlinkSync("real", `${folder}/link`);
    await (await prepare("oci", { dest: "link" })).write(contextFor([{}], { cwd: folder }));
    expect(readFileSync(`${folder}/real`).subarray(0, 5).toString()).toBe("blobs");
    expect(readdirSync(folder).sort()).toEqual(["link", "real"]);
  });

  it("say what is wrong with a destination", async () => {
    const folder = temporaryFolder();
    mkdirSync(`${folder}/dir`);
    writeFileSync(`${folder}/file`, "");
    const cases: [dest: string, attrs: Record<string, string>, message: RegExp][] = [
      ["dir", {}, /it is a folder/],
      ["absent/out.tar", {}, /folder does not exist/],
      ["file/out.tar", {}, /something else in its place/],
      ["file", { tar: "false" }, /something else in its place/],
    ];
    for (const [dest, attrs, message] of cases) {
      const error = (await prepare("oci", { dest, ...attrs })).write(
        contextFor([twoLayers()], { cwd: folder }),
      );
      await expect(error, dest).rejects.toMatchObject({
        code: "EXPORT_DEST_INVALID",
        message: expect.stringMatching(message) as string,
      });
    }
    expect(readdirSync(folder).sort()).toEqual(["dir", "file"]);
  });

  it("say that the blob is missing, not the destination, when a blob's file is gone", async () => {
    const folder = temporaryFolder();
    const blobs = temporaryFolder();
    const context = contextFor([twoLayers(blobs)], { cwd: folder });
    const [first] = context.results;
    const gone = {
      ...first!,
      ref: {
        ...first!.ref,
        blobs: async (options: LayerBlobOptions) =>
          (await first!.ref.blobs(options)).map((blob) => ({ ...blob, path: `${blobs}/gone` })),
      },
    };
    for (const attrs of [{}, { tar: "false" }] as Record<string, string>[]) {
      const write = (await prepare("oci", { dest: "out", ...attrs })).write({ ...context, results: [gone] });
      await expect(write).rejects.toMatchObject({ code: "ENOENT", path: `${blobs}/gone` });
      expect(readdirSync(folder)).toEqual([]);
    }
  });

  it("leave nothing behind when they are aborted or a blob can't be read", async () => {
    const folder = temporaryFolder();
    for (const attrs of [{}, { tar: "false" }] as Record<string, string>[]) {
      const controller = new AbortController();
      const slow = async function* () {
        yield randomBytes(1000);
        controller.abort(new Error("enough"));
        await new Promise((resolve) => setTimeout(resolve, 20));
        yield randomBytes(1000);
      };
      const failing = async function* () {
        yield randomBytes(1000);
        throw new Error("the store is broken");
      };
      const bytes = randomBytes(2000);
      const blob = (open: () => Readable) => ({
        descriptor: { mediaType: MediaTypes.ociLayer, digest: sha256(bytes), size: bytes.length },
        diffId: sha256(bytes) as never,
        created: "2024-01-01T00:00:00Z",
        origins: [],
        open,
      });
      for (const [source, message] of [
        [slow, "enough"],
        [failing, "the store is broken"],
      ] as const) {
        const context = contextFor([], {
          cwd: folder,
          signal: source === slow ? controller.signal : undefined,
        });
        const result = {
          platform: AMD64,
          ref: {
            blobs: () => Promise.resolve([blob(() => Readable.from(source()))]),
            files: async function* () {},
          },
        };
        const prepared = await prepare("oci", { dest: "out", ...attrs });
        await expect(prepared.write({ ...context, results: [result] })).rejects.toThrow(message);
        expect(readdirSync(folder)).toEqual([]);
      }
    }
  });

  it("a layout folder keeps the images that are in it, and replaces one of the same name", async () => {
    const folder = temporaryFolder();
    const write = async (name: string, text: string) => {
      const prepared = await prepare("oci", { dest: "layout", tar: "false", name });
      await prepared.write(contextFor([{ layers: [{ tar: layerTar({ text }) }] }], { cwd: folder }));
      return (
        JSON.parse(readFileSync(`${folder}/layout/index.json`, "utf8")) as {
          manifests: { annotations: Record<string, string> }[];
        }
      ).manifests.map(({ annotations }) => annotations["io.containerd.image.name"]);
    };
    expect(await write("a:1", "x")).toEqual(["docker.io/library/a:1"]);
    expect(await write("b:1", "y")).toEqual(["docker.io/library/a:1", "docker.io/library/b:1"]);
    expect(await write("a:1", "z")).toEqual(["docker.io/library/b:1", "docker.io/library/a:1"]);
    expect(existsSync(`${folder}/layout/oci-layout`)).toBe(true);
    rmSync(`${folder}/layout`, { recursive: true });
  });

  it("one platform makes an index when it is to look like several", async () => {
    const folder = temporaryFolder();
    const context = { ...contextFor([{}], { cwd: folder }), multiPlatform: true };
    await (await prepare("oci", { dest: "layout", tar: "false" })).write(context);
    const { manifests } = JSON.parse(readFileSync(`${folder}/layout/index.json`, "utf8")) as {
      manifests: { mediaType: string }[];
    };
    expect(manifests.map(({ mediaType }) => mediaType)).toEqual([MediaTypes.ociIndex]);
  });

  it("a Docker archive refuses several platforms", async () => {
    const context = contextFor([{}, { platform: ARM64 }], { cwd: temporaryFolder() });
    await expect((await prepare("docker", { dest: "x" })).write(context)).rejects.toMatchObject({
      code: "PLATFORMS_UNSUPPORTED",
    });
  });

  it("ask for layers in the form that the options say, also ahead of time", async () => {
    const attrs = {
      dest: "x",
      compression: "gzip",
      "compression-level": "9",
      "force-compression": "true",
      "oci-mediatypes": "false",
    };
    const wanted = { compression: "gzip", compressionLevel: 9, force: true, dockerMediaTypes: true };
    const prepared = await prepare("oci", attrs);
    expect(prepared.wantsBlobs).toEqual(wanted);
    const seen: unknown[] = [];
    await prepared.write(
      contextFor([{ onBlobs: (options) => seen.push(options) }], { cwd: temporaryFolder() }),
    );
    expect(seen).toEqual([wanted]);

    const rewritten = await prepare("oci", { dest: "x", "rewrite-timestamp": "true" });
    expect(rewritten.wantsBlobs).toBeUndefined();
    await rewritten.write(
      contextFor([{ onBlobs: (options) => seen.push(options) }], {
        cwd: temporaryFolder(),
        sourceDateEpochSeconds: 7,
      }),
    );
    expect(seen[1]).toMatchObject({ rewriteTimestampSeconds: 7 });
  });

  it("tell their progress as a vertex with steps", async () => {
    const context = contextFor([twoLayers()], { cwd: temporaryFolder() });
    await (await prepare("oci", { dest: "x" })).write(context);
    const vertices = context.events.filter((event) => event.kind === "vertex");
    expect(vertices.map(({ name, completedMs }) => [name, completedMs !== undefined])).toEqual([
      ["exporting to oci image format", false],
      ["exporting to oci image format", true],
    ]);
    const steps = context.events
      .filter((event) => event.kind === "status" && event.completedMs !== undefined)
      .map((event) => event.kind === "status" && event.id.replace(/[0-9a-f]{64}/, "…"));
    expect(steps).toEqual([
      "exporting layers",
      "exporting manifest sha256:…",
      "exporting config sha256:…",
      "sending tarball",
    ]);
  });
});
