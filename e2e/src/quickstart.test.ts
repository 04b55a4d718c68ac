import { mkdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { requires, runCommand, temporaryFolder } from "@slipway/testing";
import { build } from "./harness/build.ts";
import { executedRuns } from "./harness/progress.ts";
import { WORKSPACE } from "./harness/slipway.ts";

const QUICKSTART = path.join(WORKSPACE, "examples/quickstart");

test("the README's command makes an OCI archive of the example, and again from cache with the same digest", async () => {
  using folder = temporaryFolder();
  const options = {
    root: folder.join("root"),
    cwd: folder.path,
    flags: ["-o", "type=oci,dest=quickstart.tar"],
  };
  const first = await build(QUICKSTART, options);
  expect(executedRuns(first.executed)).toHaveLength(1);
  const bytes = readFileSync(folder.join("quickstart.tar"));

  const second = await build(QUICKSTART, options);
  expect(executedRuns(second.executed)).toEqual([]);
  expect(second.digest).toBe(first.digest);
  expect(readFileSync(folder.join("quickstart.tar")).equals(bytes)).toBe(true);
});

test("two stores give the same image", async () => {
  using folder = temporaryFolder();
  const digests = await Promise.all(
    ["a", "b"].map(async (name) => {
      const flags = ["-o", `type=oci,rewrite-timestamp=true,dest=${folder.join(`${name}.tar`)}`];
      return (
        await build(QUICKSTART, { root: folder.join(name), flags, env: { SOURCE_DATE_EPOCH: "1700000000" } })
      ).digest;
    }),
  );
  expect(digests[0]).toBe(digests[1]);
});

test("the bundle that the build made is a web app that answers", async () => {
  using folder = temporaryFolder();
  await build(QUICKSTART, {
    root: folder.join("root"),
    flags: ["-o", `type=local,dest=${folder.join("out")}`],
  });
  const bundle = folder.join("out/app/main.mjs");
  expect(statSync(bundle).size).toBeGreaterThan(500);
  const script = `
    process.env.PORT = "0";
    const { Server } = await import("node:net");
    const listening = new Promise((resolve) => {
      const listen = Server.prototype.listen;
      Server.prototype.listen = function (...args) { this.once("listening", () => resolve(this)); return listen.apply(this, args); };
    });
    await import(${JSON.stringify(bundle)});
    const server = await listening;
    const response = await fetch("http://127.0.0.1:" + server.address().port + "/healthz");
    console.log("answered " + response.status + " " + (await response.text()));
    process.exit(0);`;
  const { stdout } = await runCommand(process.execPath, ["--input-type=module", "-e", script]);
  expect(stdout).toContain("answered 200 ok");
});

requires({ commands: ["skopeo"] }).test(
  "skopeo reads the archive and finds the config that the Dockerfile asks for",
  async () => {
    using folder = temporaryFolder();
    const archive = folder.join("quickstart.tar");
    const { digest } = await build(QUICKSTART, {
      root: folder.join("root"),
      flags: ["-o", `type=oci,dest=${archive}`],
    });
    const inspect = async (...flags: string[]): Promise<Record<string, unknown>> =>
      JSON.parse(
        (await runCommand("skopeo", ["inspect", ...flags, `oci-archive:${archive}`])).stdout,
      ) as Record<string, unknown>;
    expect((await inspect())["Digest"]).toBe(digest);
    expect(await inspect("--config")).toMatchObject({
      os: "linux",
      config: {
        User: "1000:1000",
        WorkingDir: "/app",
        Env: expect.arrayContaining(["PORT=8080"]) as unknown,
        Cmd: ["node", "main.mjs"],
        ExposedPorts: { "8080/tcp": {} },
        Labels: { "org.opencontainers.image.title": "Slipway quickstart" },
      },
    });
    mkdirSync(folder.join("copy"));
    await runCommand("skopeo", ["copy", "-q", `oci-archive:${archive}`, `dir:${folder.join("copy")}`]);
  },
);
