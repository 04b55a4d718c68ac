import { lstatSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { baseImageRequirements, pushBaseImage } from "@slipway/images";
import { requires, startRegistry, temporaryFolder, type RegistryServer } from "@slipway/testing";
import { build, type GoodBuild } from "./harness/build.ts";
import { editBundle, runContainer, unpackBundle } from "./harness/bundle.ts";
import { copyFixture } from "./harness/context.ts";
import { executedRuns } from "./harness/progress.ts";

const needs = baseImageRequirements(["debian"]);

requires({ ...needs, commands: [...(needs.commands ?? []), "umoci", "runc"] }).describe("a C program", () => {
  const folder = temporaryFolder();
  let registry: RegistryServer;
  let context: string;
  let first: GoodBuild;

  const archive = folder.join("program.tar");
  const options = () => ({
    root: folder.join("root"),
    flags: ["--build-arg", `REGISTRY=${registry.host}`, "-o", `type=oci,dest=${archive}`],
  });

  beforeAll(async () => {
    registry = await startRegistry();
    await pushBaseImage("debian", registry.host);
    context = copyFixture("static-c", folder.join("context"));
    first = await build(context, options());
  }, 300_000);

  afterAll(async () => {
    await registry?.stop();
    folder.remove();
  });

  test(
    "compiled by an apt-get installed gcc into a scratch image, runs there alone",
    { timeout: 180_000 },
    async () => {
      expect(executedRuns(first.executed)).toHaveLength(2);
      const bundle = await unpackBundle(`oci-archive:${archive}`, folder.join("unpacked"));
      expect(readdirSync(bundle.rootfs)).toEqual(["hello"]);
      expect(lstatSync(`${bundle.rootfs}/hello`).mode & 0o777).toBe(0o755);
      editBundle(bundle, () => {});
      const { code, stdout } = await runContainer(bundle, `slipway-e2e-c-${process.pid}`);
      expect({ code, stdout }).toEqual({ code: 0, stdout: "hello from C, uid 0, default\n" });
    },
  );

  test("built once more, runs nothing and has the same digest", async () => {
    const again = await build(context, options());
    expect(executedRuns(again.executed)).toEqual([]);
    expect(again.digest).toBe(first.digest);
  });

  test("edited, is compiled again without installing the compiler again", async () => {
    const file = `${context}/hello.c`;
    writeFileSync(file, readFileSync(file, "utf8").replace("hello from C", "goodbye from C"));
    const edited = await build(context, options());
    expect(executedRuns(edited.executed)).toEqual([expect.stringContaining("gcc -static")]);
    expect(edited.digest).not.toBe(first.digest);
  });

  test("whose source only changed its mtime is not compiled again", async () => {
    const file = `${context}/hello.c`;
    writeFileSync(file, readFileSync(file));
    expect(executedRuns((await build(context, options())).executed)).toEqual([]);
  });
});
