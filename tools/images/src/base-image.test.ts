import { existsSync, mkdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { expect } from "vitest";
import { requires, runCommand, startRegistry, temporaryFolder } from "@slipway/testing";
import { baseImageRequirements, ensureBaseImage, pushBaseImage } from "./base-image.ts";
import { writeOciLayout } from "./oci-layout.ts";
import { packFolder } from "./pack-folder.ts";

requires({ ...baseImageRequirements(["busybox"]), root: true }).test(
  "the busybox image arrives in a registry and runs",
  async () => {
    await using registry = await startRegistry();
    const image = await pushBaseImage("busybox", registry.host);
    using folder = temporaryFolder();
    await runCommand("skopeo", ["copy", "--src-tls-verify=false", `docker://${image}`, `dir:${folder.path}`]);
    const manifest = JSON.parse(readFileSync(folder.join("manifest.json"), "utf8")) as {
      layers: { digest: string }[];
    };
    const layer = folder.join(manifest.layers[0]!.digest.replace("sha256:", ""));
    mkdirSync(folder.join("root"));
    await runCommand("tar", ["-xzf", layer, "-C", folder.join("root")]);
    expect(statSync(folder.join("root/tmp")).mode & 0o7777).toBe(0o1777);
    const { stdout } = await runCommand("chroot", [
      folder.join("root"),
      "/bin/sh",
      "-c",
      "echo hello | tr h j",
    ]);
    expect(stdout).toBe("jello\n");
  },
);

requires({ commands: ["busybox", "tar", "ldd"] }).test("an image is made once", async () => {
  const folder = await ensureBaseImage("busybox");
  const { mtimeMs } = statSync(folder);
  expect(await ensureBaseImage("busybox")).toBe(folder);
  expect(statSync(folder).mtimeMs).toBe(mtimeMs);
});

requires({ commands: ["skopeo", "tar"] }).test("layers of a base layout come first", async () => {
  using folder = temporaryFolder();
  for (const name of ["a", "b"]) {
    mkdirSync(folder.join(name, name), { recursive: true });
    await packFolder(folder.join(name), folder.join(`${name}.tar`));
  }
  const lower = folder.join("lower");
  const upper = folder.join("upper");
  await writeOciLayout(lower, [folder.join("a.tar")], { config: {} });
  await writeOciLayout(upper, [folder.join("b.tar")], { config: { cmd: ["b"] }, base: lower });
  const inspect = async (layout: string): Promise<{ Layers: string[] }> =>
    JSON.parse((await runCommand("skopeo", ["inspect", `oci:${layout}:latest`])).stdout) as {
      Layers: string[];
    };
  const [below] = (await inspect(lower)).Layers;
  const layers = (await inspect(upper)).Layers;
  expect(layers).toHaveLength(2);
  expect(layers[0]).toBe(below);
  expect(existsSync(path.join(upper, "blobs/sha256", below!.replace("sha256:", "")))).toBe(true);
});
