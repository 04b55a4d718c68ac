import { existsSync, readdirSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { baseImageRequirements, pushBaseImage } from "@slipway/images";
import { freePort, requires, startRegistry, temporaryFolder, type RegistryServer } from "@slipway/testing";
import { build, failingBuild } from "./harness/build.ts";
import { writeContext } from "./harness/context.ts";
import { slipway } from "./harness/slipway.ts";
import { startTamperingProxy } from "./harness/tampering-proxy.ts";

const folder = temporaryFolder();
let contexts = 0;

afterAll(() => folder.remove());

function contextOf(dockerfile: string, files: Record<string, string> = {}): string {
  return writeContext(folder.join(`context-${++contexts}`), { Dockerfile: dockerfile, ...files });
}

const root = folder.join("root");

describe("mistakes in a Dockerfile are shown with their place and what to do", () => {
  test.each([
    {
      mistake: "an unknown instruction",
      dockerfile: "FROM scratch\nCOPPY a /a\n",
      shows: [/Dockerfile:2/, /COPPY a \/a/, /hint:.*COPY/i],
    },
    {
      mistake: "an unknown stage",
      dockerfile: "FROM scratch AS builder\nCOPY a /a\nFROM scratch\nCOPY --from=bilder /a /a\n",
      shows: [/Dockerfile:4/, /bilder/, /hint:.*builder/i],
    },
    {
      mistake: "a missing file",
      dockerfile: "FROM scratch\nCOPY a /a\nCOPY missing.txt /b\n",
      shows: [/Dockerfile:3/, /missing\.txt/, /hint:/i],
    },
    {
      mistake: "no FROM",
      dockerfile: "RUN true\n",
      shows: [/Dockerfile:1/, /FROM/, /hint:/i],
    },
    {
      mistake: "an unknown flag",
      dockerfile: "FROM scratch\nCOPY --form=x a /a\n",
      shows: [/Dockerfile:2/, /--form/, /hint:.*--from/i],
    },
  ])("$mistake", async ({ dockerfile, shows }) => {
    const { code, stderr } = await failingBuild(contextOf(dockerfile, { a: "a" }), { root });
    expect(code).toBe(1);
    for (const pattern of shows) expect(stderr).toMatch(pattern);
    expect(stderr).not.toMatch(/\n\s+at .*\.[tj]s:\d+/);
  });

  test("an unknown target", async () => {
    const { code, stderr } = await failingBuild(contextOf("FROM scratch AS app\nCOPY a /a\n", { a: "" }), {
      root,
      flags: ["--target", "ap"],
    });
    expect(code).toBe(1);
    expect(stderr).toMatch(/\bap\b/);
    expect(stderr).toMatch(/hint:.*\bapp\b/i);
  });
});

describe("wrong usage ends with status 2", () => {
  test.each([
    ["an unknown flag", ["build", "--no-such-flag", "."]],
    ["an unknown command", ["biuld", "."]],
    ["an unknown output type", ["build", "-o", "type=nonsense", "."]],
  ])("%s", async (_title, args) => {
    const { code, stderr } = await slipway(args, { root, cwd: folder.path });
    expect(stderr).not.toMatch(/\n\s+at .*\.[tj]s:\d+/);
    expect(code).toBe(2);
  });
});

test("a context that does not exist is named", async () => {
  const { code, stderr } = await failingBuild(folder.join("nowhere"), { root });
  expect(code).toBe(1);
  expect(stderr).toContain(folder.join("nowhere"));
  expect(stderr).toMatch(/hint:/i);
});

test("a registry that is down is named, with a hint, and soon", async () => {
  const host = `127.0.0.1:${await freePort()}`;
  const { code, stderr, durationMs } = await failingBuild(
    contextOf(`FROM ${host}/busybox:latest\nRUN true\n`),
    { root },
  );
  expect(code).toBe(1);
  expect(stderr).toContain(host);
  expect(stderr).toMatch(/hint:/i);
  expect(durationMs).toBeLessThan(30_000);
});

const needs = baseImageRequirements(["busybox"]);

requires({ ...needs, root: true }).describe("with a registry", () => {
  let registry: RegistryServer;

  beforeAll(async () => {
    registry = await startRegistry();
    await pushBaseImage("busybox", registry.host);
  }, 120_000);

  afterAll(async () => {
    await registry?.stop();
  });

  test("an image that is not there is said to be missing, at its FROM", async () => {
    const { code, stderr } = await failingBuild(contextOf(`FROM ${registry.host}/nothing:here\n`), { root });
    expect(code).toBe(1);
    expect(stderr).toMatch(/Dockerfile:1/);
    expect(stderr).toContain("nothing:here");
  });

  test("a RUN that fails shows its output, its exit code and its place", async () => {
    const dockerfile = `FROM ${registry.host}/busybox:latest\nRUN echo before\nRUN echo the reason >&2; exit 7\nRUN echo after\n`;
    const { code, stderr } = await failingBuild(contextOf(dockerfile), { root });
    expect(code).toBe(1);
    expect(stderr).toContain("the reason");
    expect(stderr).toMatch(/exit (code|status):? 7/);
    expect(stderr).toMatch(/Dockerfile:3/);
    expect(stderr).not.toContain("RUN echo after\n#");
  });

  test("a RUN whose command was killed says with which code", async () => {
    const dockerfile = `FROM ${registry.host}/busybox:latest\nRUN sh -c 'kill -KILL $$'; exit $?\n`;
    const { code, stderr } = await failingBuild(contextOf(dockerfile), { root });
    expect(code).toBe(1);
    expect(stderr).toMatch(/137|SIGKILL/);
  });

  test("a command that does not exist is named", async () => {
    const { code, stderr } = await failingBuild(
      contextOf(`FROM ${registry.host}/busybox:latest\nRUN ["/no/such/program"]\n`),
      { root },
    );
    expect(code).toBe(1);
    expect(stderr).toContain("/no/such/program");
    expect(stderr).toMatch(/Dockerfile:2/);
  });

  test(
    "bytes that do not match their digest are refused, and never used later",
    { timeout: 180_000 },
    async () => {
      await using proxy = await startTamperingProxy(registry.host);
      const own = folder.join("tampered-root");
      const context = contextOf(`FROM ${proxy.host}/busybox:latest\nRUN echo fine > /fine\n`);
      const { code, stderr } = await failingBuild(context, { root: own });
      expect(code).toBe(1);
      expect(proxy.damaged).toBeGreaterThan(0);
      expect(stderr).toMatch(/sha256:|digest/i);
      expect(stderr).toMatch(/hint:/i);

      proxy.tampering = false;
      const good = await build(context, {
        root: own,
        flags: ["-o", `type=local,dest=${folder.join("untampered")}`],
      });
      expect(good.executed.join("\n")).toContain("echo fine");
      expect(existsSync(folder.join("untampered/fine"))).toBe(true);
    },
  );

  test("a failed build leaves no half of an archive behind", async () => {
    const out = writeContext(folder.join("out"), {});
    await failingBuild(contextOf(`FROM ${registry.host}/busybox:latest\nRUN false\n`), {
      root,
      flags: ["-o", `type=oci,dest=${out}/image.tar`],
    });
    expect(readdirSync(out)).toEqual([]);
  });
});
