import { readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { baseImageRequirements, pushBaseImage } from "@slipway/images";
import {
  freePort,
  requires,
  runCommand,
  startRegistry,
  temporaryFolder,
  type RegistryServer,
} from "@slipway/testing";
import { build, failingBuild, type GoodBuild } from "./harness/build.ts";
import { editBundle, startContainer, stopContainer, unpackBundle } from "./harness/bundle.ts";
import { copyFixture } from "./harness/context.ts";
import { eventually } from "./harness/processes.ts";
import { executedRuns } from "./harness/progress.ts";

const needs = baseImageRequirements(["node", "debian"]);

requires({ ...needs, commands: [...(needs.commands ?? []), "umoci", "runc"] }).describe(
  "an Express app",
  () => {
    const folder = temporaryFolder();
    let registry: RegistryServer;
    let context: string;
    let image: string;
    let first: GoodBuild;

    const options = () => ({
      root: folder.join("root"),
      flags: ["--build-arg", `REGISTRY=${registry.host}`, "-t", image, "--push"],
    });

    beforeAll(async () => {
      registry = await startRegistry();
      await Promise.all([pushBaseImage("node", registry.host), pushBaseImage("debian", registry.host)]);
      context = copyFixture("web-app", folder.join("context"));
      image = `${registry.host}/web-app:1`;
      first = await build(context, options());
    }, 300_000);

    afterAll(async () => {
      await registry?.stop();
      folder.remove();
    });

    test("is built with npm ci, tested in a stage of its own and pushed", () => {
      expect(executedRuns(first.executed).join("\n")).toMatch(
        /npm ci[^]*npm (test|prune)[^]*npm (test|prune)/,
      );
    });

    test("has the digest, user, health check, command and ports that other tools read", async () => {
      const inspect = async (...flags: string[]): Promise<Record<string, unknown>> =>
        JSON.parse(
          (await runCommand("skopeo", ["inspect", "--tls-verify=false", ...flags, `docker://${image}`]))
            .stdout,
        ) as Record<string, unknown>;
      expect((await inspect())["Digest"]).toBe(first.digest);
      expect(await inspect("--config", "--raw")).toMatchObject({
        config: {
          User: "1000:1000",
          WorkingDir: "/srv",
          Env: expect.arrayContaining(["NODE_ENV=production", "PORT=3000"]) as unknown,
          Cmd: ["node", "src/server.js"],
          ExposedPorts: { "3000/tcp": {} },
          Healthcheck: { Test: ["CMD-SHELL", expect.stringContaining("/healthz")], Retries: 3 },
        },
      });
    });

    test("starts with runc as its own user and answers over HTTP", { timeout: 180_000 }, async () => {
      const bundle = await unpackBundle(`docker://${image}`, folder.join("unpacked"));
      expect(readFileSync(`${bundle.rootfs}/usr/share/test-report.txt`, "utf8")).toContain("pass 1");
      expect(() => readFileSync(`${bundle.rootfs}/srv/node_modules/ms/package.json`)).not.toThrow();
      const port = await freePort();
      const id = `slipway-e2e-web-${process.pid}`;
      editBundle(bundle, ({ process: config }) => config.env?.push(`PORT=${port}`));
      const container = startContainer(bundle, id);
      let output = "";
      container.stdout?.on("data", (chunk: Buffer) => (output += chunk.toString()));
      container.stderr?.on("data", (chunk: Buffer) => (output += chunk.toString()));
      try {
        await eventually(
          "the app listens",
          () => output.includes("listening") || container.exitCode !== null,
          30_000,
        );
        expect(output).toContain("listening");
        const get = (url: string): Promise<Response> => fetch(`http://127.0.0.1:${port}${url}`);
        expect(await (await get("/")).text()).toBe("hello from express");
        expect(await (await get("/whoami")).json()).toMatchObject({ uid: 1000 });
      } finally {
        await stopContainer(id);
      }
    });

    describe("built once more", () => {
      test("runs nothing and has the same digest", async () => {
        const again = await build(context, options());
        expect(executedRuns(again.executed)).toEqual([]);
        expect(again.digest).toBe(first.digest);
      });

      test("after an edit of its source, runs its tests and does not install again", async () => {
        const file = `${context}/src/app.js`;
        writeFileSync(file, readFileSync(file, "utf8").replace("/whoami", "/whoareyou"));
        const edited = await build(context, options());
        expect(executedRuns(edited.executed)).toEqual([expect.stringContaining("npm test")]);
        expect(edited.digest).not.toBe(first.digest);
      });

      test("with tests that fail, fails and shows their output", async () => {
        const file = `${context}/src/app.js`;
        writeFileSync(file, readFileSync(file, "utf8").replace("hello from", "goodbye from"));
        const failed = await failingBuild(context, options());
        expect(failed.code).toBe(1);
        expect(failed.stderr).toContain("goodbye from express");
        expect(failed.stderr).toMatch(/Dockerfile:1[0-9]/);
      });
    });
  },
);
