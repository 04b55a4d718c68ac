import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { expect, it, onTestFinished } from "vitest";
import {
  contextFor,
  layerTar,
  missingTools,
  prepare,
  temporaryFolder,
} from "./export-context.test.fixture.ts";

/** Puts programs of our own first on the PATH, or alone. */
function programs(scripts: Readonly<Record<string, string>>, alone: boolean): string {
  const folder = temporaryFolder();
  mkdirSync(`${folder}/bin`);
  for (const [name, script] of Object.entries(scripts)) {
    writeFileSync(`${folder}/bin/${name}`, `#!/bin/sh\n${script}\n`);
    chmodSync(`${folder}/bin/${name}`, 0o755);
  }
  const before = process.env.PATH;
  process.env.PATH = alone ? `${folder}/bin` : `${folder}/bin:${before}`;
  onTestFinished(() => {
    process.env.PATH = before;
  });
  return folder;
}

const result = { layers: [{ tar: layerTar({ hello: "world" }) }] };
const cat = "/bin/cat";

it("type=docker without dest goes to Docker when its daemon answers", async () => {
  const folder = programs(
    { docker: `case "$1" in version) exit 0;; load) ${cat} > "$0.received";; esac` },
    true,
  );
  const response = await (await prepare("docker", { name: "app:v1" })).write(contextFor([result]));
  const archive = readFileSync(`${folder}/bin/docker.received`);
  const manifest = JSON.parse(
    execFileSync("/bin/tar", ["-xOf", "-", "manifest.json"], { input: archive, encoding: "utf8" }),
  ) as object[];
  expect(manifest).toMatchObject([{ RepoTags: ["app:v1"] }]);
  expect(response["image.name"]).toBe("docker.io/library/app:v1");
});

it("goes to Podman when Docker's daemon is not there", async () => {
  const folder = programs(
    { docker: "exit 1", podman: `case "$1" in info) exit 0;; load) ${cat} > "$0.received";; esac` },
    true,
  );
  await (await prepare("docker", {})).write(contextFor([result]));
  expect(readFileSync(`${folder}/bin/podman.received`).length).toBeGreaterThan(1000);
});

it("says what to do when there is neither", async () => {
  programs({}, true);
  await expect((await prepare("docker", {})).write(contextFor([result]))).rejects.toMatchObject({
    code: "IMAGE_LOADER_MISSING",
    hint: expect.stringContaining("type=docker,dest=") as string,
  });
});

it("tells what the loader said when it fails, also when it does not read to the end", async () => {
  programs({ docker: `[ "$1" = version ] && exit 0; echo "no space left on device" >&2; exit 3` }, true);
  const big = { layers: [{ tar: layerTar({ big: "x".repeat(5_000_000) }) }] };
  await expect(
    (await prepare("docker", { compression: "uncompressed" })).write(contextFor([big])),
  ).rejects.toMatchObject({
    code: "IMAGE_LOAD_FAILED",
    message: expect.stringContaining("no space left on device") as string,
  });
});

const missing = missingTools("podman");
it.skipIf(missing !== undefined)(
  `Podman has the image afterwards${missing ? ` (missing: ${missing})` : ""}`,
  async () => {
    programs({ docker: "exit 1" }, false);
    const name = `localhost/slipway-load-test:${process.pid}`;
    onTestFinished(() => void spawnSync("podman", ["rmi", name]));
    const response = await (await prepare("docker", { name })).write(contextFor([result]));
    const seen = execFileSync("podman", ["image", "inspect", "--format", "{{.Id}}", name], {
      encoding: "utf8",
    }).trim();
    expect(`sha256:${seen}`).toBe(response["containerimage.config.digest"]);
  },
);
