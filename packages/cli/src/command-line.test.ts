import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import type { BuildContext, BuildRequest, Engine } from "@slipway/engine";
import { hostPlatform, InputError } from "@slipway/oci";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { runCommandLine } from "./command-line.ts";
import { log, vertex } from "./testing/events.ts";
import { temporaryFolder, type TemporaryFolder } from "./testing/temporary-folder.ts";
import { testHost } from "./testing/test-host.ts";

let folder: TemporaryFolder;

beforeEach(() => {
  folder = temporaryFolder();
  writeFileSync(folder.join("Dockerfile"), "FROM scratch\nCOPY a /a\n");
});
afterEach(() => folder.remove());

const DIGEST = `sha256:${"a".repeat(64)}`;
const CONFIG_DIGEST = `sha256:${"b".repeat(64)}`;

/** Runs a command line against an engine that notes what it is asked for. */
async function run(
  argv: readonly string[],
  options: { env?: Record<string, string>; stdin?: string; engine?: Partial<Engine> } = {},
) {
  const requests: BuildRequest[] = [];
  const engine: Partial<Engine> = {
    build(request) {
      requests.push(request);
      return Promise.resolve({
        response: {
          "image.name": "n",
          "containerimage.digest": DIGEST,
          "containerimage.config.digest": CONFIG_DIGEST,
        },
        warnings: [],
      });
    },
    ...options.engine,
  };
  const test = testHost(engine, { cwd: folder.path, env: options.env, stdin: options.stdin });
  const status = await runCommandLine(argv, test.host);
  return {
    status,
    request: requests[0],
    stdout: test.stdout(),
    stderr: test.stderr(),
    engineOptions: test.engineOptions[0],
  };
}

describe("flags of build become frontend options as docker buildx makes them", () => {
  test.each<[string[], Record<string, string>]>([
    [[], {}],
    [
      ["--build-arg", "A=b=c", "--build-arg=B=", "--build-arg", "FROM_ENV", "--build-arg", "NOWHERE"],
      { "build-arg:A": "b=c", "build-arg:B": "", "build-arg:FROM_ENV": "yes" },
    ],
    [["--label", "k=v=w", "--label", "alone"], { "label:k": "v=w", "label:alone": "" }],
    [["--target", "test"], { target: "test" }],
    [["--no-cache"], { "no-cache": "" }],
    [["--no-cache=false", "--pull=true"], { "image-resolve-mode": "pull" }],
    [["--no-cache-filter", "a,b", "--no-cache-filter", "c"], { "no-cache": "a,b,c" }],
    [["--pull", "--network", "none"], { "image-resolve-mode": "pull", "force-network-mode": "none" }],
    [["--network=default"], {}],
    [["--commit=explicit"], { commit: "explicit" }],
    [["--commit", "implicit"], {}],
    [
      ["--add-host", "a:10.0.0.1", "--add-host", "b=::1", "--add-host", "c:[fe80::1]"],
      { "add-hosts": "a=10.0.0.1,b=::1,c=fe80::1" },
    ],
    [
      ["--shm-size", "64m", "--cgroup-parent", "/builds"],
      { "shm-size": "67108864", "cgroup-parent": "/builds" },
    ],
    [
      ["--ulimit", "nofile=1:2", "--ulimit", "core=-1", "--ulimit", "nofile=1024"],
      { ulimit: "nofile=1024:1024,core=-1:-1" },
    ],
    [
      ["--platform", "linux/arm64,linux/x86_64", "--platform", "linux/arm64/v8"],
      { platform: "linux/arm64,linux/amd64" },
    ],
    [
      ["--build-context", "base=docker-image://busybox:1", "--build-context", "lib=sub"],
      { "context:base": "docker-image://busybox:1", "context:lib": "local:lib" },
    ],
  ])("%j", async (flags, expected) => {
    mkdirSync(folder.join("sub"));
    const { status, request, stderr } = await run(["build", ...flags, "."], { env: { FROM_ENV: "yes" } });
    expect(stderr).not.toContain("ERROR");
    expect(status).toBe(0);
    expect(request?.options).toEqual({ filename: "Dockerfile", ...expected });
  });

  test("SOURCE_DATE_EPOCH of the environment is a build argument and the date of the build, unless a flag says else", async () => {
    const env = { SOURCE_DATE_EPOCH: "1700000000" };
    expect((await run(["build", "."], { env })).request).toMatchObject({
      sourceDateEpochSeconds: 1_700_000_000,
      options: { "build-arg:SOURCE_DATE_EPOCH": "1700000000" },
    });
    expect((await run(["build", "--build-arg", "SOURCE_DATE_EPOCH=5", "."], { env })).request).toMatchObject({
      sourceDateEpochSeconds: 5,
    });
    expect((await run(["build", "."], { env: { SOURCE_DATE_EPOCH: "yesterday" } })).status).toBe(2);
  });

  test("--secret and --ssh become a session, --allow what steps may do", async () => {
    writeFileSync(folder.join("token"), "from a file");
    const flags = ["--secret", "id=file,src=token", "--secret", "id=TOKEN", "--secret", "id=unset,env=UNSET"];
    const { request, stderr } = await run(
      ["build", ...flags, "--allow", "security.insecure", "--allow", "device=a.com/b=c", "."],
      { env: { TOKEN: "from the environment" } },
    );
    const secret = async (id: string): Promise<string | undefined> => {
      const bytes = await request?.session?.secret(id, new AbortController().signal);
      return bytes && Buffer.from(bytes).toString();
    };
    expect(await secret("file")).toBe("from a file");
    expect(await secret("TOKEN")).toBe("from the environment");
    expect(await secret("unset")).toBe("");
    expect(stderr).toContain("WARNING: --secret unset: the variable UNSET is not set");
    expect(await secret("other")).toBeUndefined();
    expect(request?.entitlements).toEqual(["security.insecure", "device=a.com/b=c"]);
    expect((await run(["build", "."])).request?.session).toBeUndefined();
  });

  test("without --platform the host's is built", async () => {
    expect((await run(["build", "."])).request?.platforms).toEqual([hostPlatform()]);
  });
});

describe("tags, --push, --load and --output become exports", () => {
  test.each<[string[], BuildRequest["exports"]]>([
    [
      ["-o", "type=oci,dest=x.tar", "-t", "app", "-t", "host:5000/app:1"],
      [{ type: "oci", attrs: { dest: "x.tar", name: "docker.io/library/app:latest,host:5000/app:1" } }],
    ],
    [
      ["--push", "-t", "host/app"],
      [{ type: "image", attrs: { push: "true", name: "docker.io/host/app:latest" } }],
    ],
    [
      ["--push", "-o", "type=image,name=a.io/b"],
      [{ type: "image", attrs: { push: "true", name: "a.io/b" } }],
    ],
    [["--load", "-t", "app:2"], [{ type: "docker", attrs: { name: "docker.io/library/app:2" } }]],
    [["-o", "out", "-t", "app"], [{ type: "local", attrs: { dest: "out" } }]],
    [
      [
        "-o",
        "type=oci,dest=x",
        "--annotation",
        "a.b/c:d=1",
        "--annotation",
        "index,manifest[linux/amd64]:k=v",
      ],
      [
        {
          type: "oci",
          attrs: {
            dest: "x",
            "annotation.a.b/c:d": "1",
            "annotation-index.k": "v",
            "annotation-manifest[linux/amd64].k": "v",
          },
        },
      ],
    ],
    [
      ["-o", "type=oci,dest=a", "-o", "type=tar,dest=b"],
      [
        { type: "oci", attrs: { dest: "a" } },
        { type: "tar", attrs: { dest: "b" } },
      ],
    ],
    [["-o", "-"], [{ type: "tar", attrs: { dest: "-" } }]],
  ])("%j", async (flags, expected) => {
    const { status, request, stderr } = await run(["build", ...flags, "."]);
    expect(stderr).toBe("");
    expect(status).toBe(0);
    expect(request?.exports).toEqual(expected);
  });

  test("without any output it is said that the result stays in the cache", async () => {
    expect((await run(["build", "."])).stderr).toMatch(
      /^WARNING: No output specified.*--push.*--load.*--output/,
    );
    expect((await run(["build", "-q", "."])).stderr).toBe("");
  });
});

describe("wrong usage has status 2, a message and a hint, and starts nothing", () => {
  test.each([
    [["build"], "PATH", ""],
    [["build", "a", "b"], "too many arguments", ""],
    [["biuld", "."], "unknown command 'biuld'", "Did you mean build?"],
    [["build", "--tga", "x", "."], "unknown option '--tga'", "Did you mean --tag?"],
    [["build", "--secret", "x", "."], "--secret:", "id=NAME,src=FILE"],
    [["build", "--secret", "id=x,src=no-such-file", "."], "--secret:", "env"],
    [["build", "--ssh", "default", "."], "SSH_AUTH_SOCK is not set", "ssh-agent"],
    [["build", "--ssh", "=x", "."], "--ssh:", "ID=SOCKET"],
    [["build", "--allow", "everything", "."], "--allow", "security.insecure"],
    [["build", "--ulimit", "nofile", "."], "--ulimit", "nofile=1024:2048"],
    [["build", "--ulimit", "files=3", "."], "--ulimit", "nofile"],
    [["build", "--ulimit", "nofile=-1:5", "."], "--ulimit", "soft limit first"],
    [["build", "--shm-size", "much", "."], "--shm-size", "512MB"],
    [["build", "--builder=x", "."], "--builder is not supported yet", "--root"],
    [["build", "--push=maybe", "."], "true or false", ""],
    [["build", "--push", "."], "a push needs a name", "--tag"],
    [["build", "-t", "UPPER", "."], "--tag:", "lower case"],
    [["build", "--platform", "a/b/c/d", "."], "--platform:", "linux/arm64"],
    [["build", "--network", "bridge", "."], "--network", "host or none"],
    [["build", "--commit", "never", "."], "--commit", "implicit or explicit"],
    [["build", "--add-host", "nonsense", "."], "--add-host", ""],
    [["build", "--add-host", "a:999.1.1.1", "."], "--add-host", ""],
    [["build", "--add-host", "a:host-gateway", "."], "host-gateway needs", ""],
    [["build", "--no-cache", "--no-cache-filter", "a", "."], "contradict", ""],
    [["build", "--build-arg", "=x", "."], "has no name", ""],
    [["build", "--build-context", "x", "."], "name=value", ""],
    [["build", "--progress", "fancy", "."], "--progress", "rawjson"],
    [["build", "--progress", "tty", "."], "needs a terminal", "plain"],
    [["build", "-o", "type=oci", "-o", "type=tar", "."], "only one output can go to stdout", ""],
    [["build", "-o", "type=nonsense", "."], "nonsense", "oci"],
    [["build", "-f", "-", "-"], "both", ""],
    [["build", "--max-parallelism", "0", "."], "--max-parallelism", ""],
    [["build", "--annotation", "a=b", "."], "--annotation needs an output", ""],
    [["ir", "--format", "yaml", "."], "--format", "llb"],
    [["du", "--format", "yaml"], "--format", "json"],
    [["prune"], "--force", ""],
    [["prune", "-f", "--filter", "id=x"], "--filter", "until=24h"],
  ])("%j", async (argv, message, hint) => {
    const { status, stderr, request } = await run(argv);
    expect(stderr).toMatch(/^ERROR: /);
    expect(stderr).toContain(message);
    expect(stderr).toContain(hint);
    expect(stderr).not.toMatch(/\n {4}at /);
    expect(request).toBeUndefined();
    expect(status).toBe(2);
  });
});

describe("the context and the build file", () => {
  test("are found where docker looks for them", async () => {
    mkdirSync(folder.join("app/docker"), { recursive: true });
    writeFileSync(folder.join("app/Containerfile"), "FROM scratch\n");
    writeFileSync(folder.join("app/docker/Prod.dockerfile"), "FROM scratch\n");
    expect((await run(["build", "app"])).request).toMatchObject({
      localDirs: { context: folder.join("app"), dockerfile: folder.join("app") },
      options: { filename: "Containerfile" },
    });
    expect((await run(["build", "-f", "app/docker/Prod.dockerfile", "app"])).request).toMatchObject({
      localDirs: { context: folder.join("app"), dockerfile: folder.join("app/docker") },
      options: { filename: "Prod.dockerfile" },
    });
    expect((await run(["build", "-f", "Dockerfile", folder.join("app")])).request?.localDirs).toEqual({
      context: folder.join("app"),
      dockerfile: folder.path,
    });
  });

  test("may come from stdin, and leave nothing behind", async () => {
    const seen: string[] = [];
    const engine: Partial<Engine> = {
      build(request) {
        seen.push(
          readFileSync(`${request.localDirs["dockerfile"]}/${request.options["filename"]}`, "utf8"),
          request.localDirs["dockerfile"]!,
          request.localDirs["context"]!,
        );
        return Promise.resolve({ response: {}, warnings: [] });
      },
    };
    expect((await run(["build", "-f", "-", "."], { stdin: "FROM scratch\n", engine })).status).toBe(0);
    expect(seen[0]).toBe("FROM scratch\n");
    expect(seen[2]).toBe(folder.path);
    expect(() => readFileSync(seen[1]!)).toThrow("ENOENT");
    expect((await run(["build", "-"], { stdin: "FROM busybox\n", engine })).status).toBe(0);
    expect(seen[3]).toBe("FROM busybox\n");
    expect(seen[5]).not.toBe(folder.path);
  });

  test.each([
    [["build", "nowhere"], 'path "nowhere" not found'],
    [["build", "Dockerfile"], "is not a folder"],
    [["build", "-f", "Nowhere", "."], "does not exist"],
    [["build", "empty"], "there is no Dockerfile in"],
    [["build", "-f", "inner", "empty"], "write -f empty/inner"],
    [["build", "--build-context", "x=nowhere", "."], "failed to get build context x"],
  ])("%j ends with status 1 and says what is missing", async (argv, message) => {
    mkdirSync(folder.join("empty"));
    writeFileSync(folder.join("empty/inner"), "");
    const { status, stderr, request } = await run(argv);
    expect(stderr).toContain(message);
    expect(stderr).toContain("hint: ");
    expect(status).toBe(1);
    expect(request).toBeUndefined();
  });

  test("may come with a context archive on stdin, whatever it is packed with, which leaves nothing behind", async () => {
    const seen: { request: BuildRequest; archive: Buffer }[] = [];
    const engine: Partial<Engine> = {
      build(request) {
        seen.push({ request, archive: readFileSync(request.uploads!["context"]!) });
        return Promise.resolve({ response: {}, warnings: [] });
      },
    };
    const tar = execFileSync("tar", ["c", "-C", folder.path, "Dockerfile"]);
    for (const archive of [tar, gzipSync(tar), Buffer.from("BZh9..."), Buffer.from("28b52ffd00", "hex")]) {
      const host = testHost(engine, { cwd: folder.path });
      const stdin = Readable.from([archive.subarray(0, 3), archive.subarray(3, 600), archive.subarray(600)]);
      expect(await runCommandLine(["build", "-f", "sub/file", "-"], { ...host.host, stdin })).toBe(0);
      const { request, archive: got } = seen.pop()!;
      expect(got.equals(archive)).toBe(true);
      expect(request.options).toMatchObject({
        context: "http://buildkit-session/context",
        filename: "sub/file",
      });
      expect(request.localDirs).toEqual({});
      expect(() => readFileSync(request.uploads!["context"]!)).toThrow("ENOENT");
    }
  });

  test.each([
    [["https://example.com/x.git#v1:sub"], { context: "https://example.com/x.git#v1:sub" }, {}],
    [["git@example.com:x/y.git"], { context: "git@example.com:x/y.git" }, {}],
    [["ssh://git@example.com/x"], { context: "ssh://git@example.com/x" }, {}],
    [["github.com/x/y"], { context: "github.com/x/y" }, {}],
    [
      ["-f", "sub/Dockerfile", "https://example.com/c.tar.gz"],
      { context: "https://example.com/c.tar.gz", filename: "sub/Dockerfile" },
      {},
    ],
    [
      ["-f", "<folder>/Dockerfile", "https://example.com/c.tar.gz"],
      { context: "https://example.com/c.tar.gz", filename: "Dockerfile", dockerfilekey: "dockerfile" },
      { dockerfile: "<folder>" },
    ],
  ])("may be at an address: %j", async (argv, options, localDirs) => {
    const here = (text: string): string => text.replace("<folder>", folder.path);
    const { request, status } = await run(["build", ...argv.map(here)]);
    expect(status).toBe(0);
    expect(request?.options).toEqual(options);
    expect(request?.localDirs).toEqual(
      Object.fromEntries(Object.entries(localDirs).map(([name, at]) => [name, here(at)])),
    );
  });

  test("is a folder when there is one of that name", async () => {
    mkdirSync(folder.join("github.com/x"), { recursive: true });
    writeFileSync(folder.join("github.com/x/Dockerfile"), "FROM scratch\n");
    const { request } = await run(["build", "github.com/x"]);
    expect(request?.options).not.toHaveProperty("context");
    expect(request?.localDirs["context"]).toBe(folder.join("github.com/x"));
  });

  test("from stdin goes with a context at an address", async () => {
    const { request } = await run(["build", "-f", "-", "https://example.com/x.git"], { stdin: "FROM x\n" });
    expect(request?.options).toEqual({
      context: "https://example.com/x.git",
      filename: "Dockerfile",
      dockerfilekey: "dockerfile",
    });
    expect(Object.keys(request!.localDirs)).toEqual(["dockerfile"]);
  });

  test("that is an archive can't be where a build file is wanted, and the other way round", async () => {
    const tar = execFileSync("tar", ["c", "-C", folder.path, "Dockerfile"]).toString("latin1");
    const host = testHost({}, { cwd: folder.path });
    const stdin = Readable.from([Buffer.from(tar, "latin1")]);
    expect(await runCommandLine(["build", "-f", "-", "."], { ...host.host, stdin })).toBe(2);
    expect(host.stderr()).toContain("slipway build - < context.tar");
    const other = await run(["build", "-f", "x", "-"], { stdin: "FROM scratch\n" });
    expect(other.status).toBe(2);
    expect(other.stderr).toContain("not an archive");
  });

  test("a link to a Dockerfile is as good as the file", async () => {
    mkdirSync(folder.join("linked"));
    symlinkSync("../Dockerfile", folder.join("linked/Dockerfile"));
    expect((await run(["build", "linked"])).status).toBe(0);
  });
});

describe("the result", () => {
  test("is told by --metadata-file, --iidfile and --quiet as docker does", async () => {
    const { stdout, stderr } = await run([
      "build",
      "-q",
      "--metadata-file",
      "meta.json",
      "--iidfile",
      "id",
      ".",
    ]);
    expect(stdout).toBe(`${CONFIG_DIGEST}\n`);
    expect(stderr).toBe("");
    expect(readFileSync(folder.join("id"), "utf8")).toBe(CONFIG_DIGEST);
    const metadata = readFileSync(folder.join("meta.json"), "utf8");
    expect(metadata).toBe(
      `{\n  "containerimage.config.digest": "${CONFIG_DIGEST}",\n  "containerimage.digest": "${DIGEST}",\n  "image.name": "n"\n}`,
    );
  });

  test("an archive on stdout is not spoiled by --quiet", async () => {
    expect((await run(["build", "-q", "-o", "-", "."])).stdout).toBe("");
  });

  test("warnings are listed once each with their lines, behind the progress", async () => {
    const warning = {
      severity: "warning",
      code: "JSONArgsRecommended",
      message: "use JSON",
      location: { file: "Dockerfile", line: 2 },
    } as const;
    const engine: Partial<Engine> = {
      build: () => Promise.resolve({ response: {}, warnings: [warning, warning] }),
    };
    expect((await run(["build", "-o", "out", "."], { engine })).stderr).toBe(
      `
 1 warning found:
 - JSONArgsRecommended: use JSON (Dockerfile:2)
   --------------------
      1 |     FROM scratch
      2 | >>> COPY a /a
   --------------------
`,
    );
  });

  test("a failure shows the step's output, the place and the message, ends with 1, and writes no file", async () => {
    const engine: Partial<Engine> = {
      build(_request, { progress }) {
        progress(vertex("[2/2] RUN false", { startedMs: 1000 }));
        progress(log("[2/2] RUN false", "the reason\n", 1010));
        progress(vertex("[2/2] RUN false", { startedMs: 1000, completedMs: 1020, error: "exit code: 7" }));
        return Promise.reject(
          new InputError("RUN_FAILED", "did not complete successfully: exit code: 7", {
            location: { file: "Dockerfile", line: 2 },
          }),
        );
      },
    };
    const { status, stderr } = await run(["build", "--iidfile", "id", "-o", "out", "."], { engine });
    expect(status).toBe(1);
    expect(stderr).toBe(`#1 [2/2] RUN false
#1 0.010 the reason
#1 ERROR: exit code: 7
------
 > [2/2] RUN false:
0.010 the reason
------
Dockerfile:2
--------------------
   1 |     FROM scratch
   2 | >>> COPY a /a
--------------------
ERROR: did not complete successfully: exit code: 7
`);
    expect(() => readFileSync(folder.join("id"))).toThrow("ENOENT");
  });

  test("rawjson is one JSON object per line in BuildKit's shape", async () => {
    const engine: Partial<Engine> = {
      build(_request, { progress }) {
        progress(vertex("a", { startedMs: 0, completedMs: 1500, cached: true }));
        progress(log("a", "hi\n", 1000));
        return Promise.resolve({ response: {}, warnings: [] });
      },
    };
    const { stderr } = await run(["build", "--progress=rawjson", "-o", "out", "."], { engine });
    const [first, second] = stderr
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    const digest = vertex("a").digest;
    expect(first).toEqual({
      vertexes: [
        {
          digest,
          name: "a",
          started: "1970-01-01T00:00:00.000Z",
          completed: "1970-01-01T00:00:01.500Z",
          cached: true,
        },
      ],
    });
    expect(second).toEqual({
      logs: [{ vertex: digest, stream: 1, data: "aGkK", timestamp: "1970-01-01T00:00:01.000Z" }],
    });
  });
});

describe("the store", () => {
  test.each([
    [["--root", "here"], { SLIPWAY_ROOT: "/env" }, "CWD/here"],
    [[], { SLIPWAY_ROOT: "/env" }, "/env"],
    [[], { XDG_DATA_HOME: "/data" }, "/data/slipway"],
    [[], { XDG_DATA_HOME: "relative" }, "/home/someone/.local/share/slipway"],
  ])("%j with %j", async (flags, env, root) => {
    const { engineOptions } = await run(["build", ...flags, "."], { env });
    expect(engineOptions?.root).toBe(root.replace("CWD", folder.path));
  });

  test("the other options of the engine come from flags and environment", async () => {
    const { engineOptions } = await run(
      ["build", "--sandbox", "oci", "--max-parallelism", "3", "--insecure-registry", "a:5000", "."],
      {
        env: { SLIPWAY_INSECURE_REGISTRIES: "b, c" },
      },
    );
    expect(engineOptions).toMatchObject({
      sandbox: "oci",
      maxParallelism: 3,
      insecureRegistries: ["a:5000", "b", "c"],
    });
  });
});

describe("signals", () => {
  /** Work that ends only when it is aborted, and takes a while to clean up. `running` resolves once it runs. */
  function endless(cleanUpMs: number) {
    const begun = Promise.withResolvers<void>();
    const untilAborted = (signal: AbortSignal): Promise<never> =>
      new Promise((_resolve, reject) => {
        signal.addEventListener("abort", () => setTimeout(() => reject(new Error("torn down")), cleanUpMs));
        begun.resolve();
      });
    const engine: Partial<Engine> = {
      build: (_request, { signal }: BuildContext) => untilAborted(signal),
      doctor: untilAborted,
    };
    return { engine, running: begun.promise };
  }

  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ] as const)("%s stops the build cleanly and ends with %i", async (name, expected) => {
    const work = endless(20);
    const { host, signal, stderr, exits } = testHost(work.engine, { cwd: folder.path });
    const running = runCommandLine(["build", "-o", "out", "."], host);
    await work.running;
    signal(name);
    // The same keystroke, forwarded by a parent.
    signal(name);
    expect(await running).toBe(expected);
    expect(exits).toEqual([]);
    expect(stderr()).toContain(`ERROR: interrupted by ${name}`);
    expect(stderr()).not.toContain("hint:");
  });

  test("Ctrl-C stops the other commands with 130 as well", async () => {
    const work = endless(0);
    const { host, signal, stderr } = testHost(work.engine);
    const running = runCommandLine(["doctor"], host);
    await work.running;
    signal("SIGINT");
    expect(await running).toBe(130);
    expect(stderr()).toBe("ERROR: interrupted by SIGINT\n");
  });

  test("a second Ctrl-C ends the process at once", async () => {
    const work = endless(1500);
    const { host, signal, exits } = testHost(work.engine, { cwd: folder.path });
    const running = runCommandLine(["build", "-o", "out", "."], host);
    await work.running;
    signal("SIGINT");
    await sleep(200);
    expect(exits).toEqual([]);
    signal("SIGINT");
    expect(exits).toEqual([130]);
    await running;
  });
});

describe("the other commands", () => {
  const record = {
    id: "abc",
    kind: "layer",
    description: "RUN make",
    sizeBytes: 1_500_000,
    createdMs: 0,
    lastUsedMs: Date.now() - 7_200_000,
    usageCount: 2,
    inUse: false,
    shared: true,
    reclaimable: true,
  } as const;

  test("du prints a table with totals, or JSON lines", async () => {
    const engine: Partial<Engine> = {
      usage: () =>
        Promise.resolve([
          record,
          { ...record, id: "def", shared: false, reclaimable: false, sizeBytes: 500 },
        ]),
    };
    expect((await run(["du"], { engine })).stdout).toBe(`ID    KIND    RECLAIMABLE   SIZE      LAST ACCESSED
abc   layer   true          1.50MB*   2 hours ago
def   layer   false         500B      2 hours ago
Shared:       1.50MB
Private:      500B
Reclaimable:  1.50MB
Total:        1.50MB
`);
    const json = (await run(["du", "--format", "json"], { engine })).stdout;
    expect(
      json
        .trim()
        .split("\n")
        .map((line) => (JSON.parse(line) as { id: string }).id),
    ).toEqual(["abc", "def"]);
    expect((await run(["du", "--verbose"], { engine })).stdout).toContain("Description:  RUN make\n");
  });

  test("prune passes its limits on and tells what it removed", async () => {
    let given: unknown;
    const engine: Partial<Engine> = {
      async *prune(options) {
        given = options;
        yield await Promise.resolve(record);
      },
    };
    const { stdout, status } = await run(
      ["prune", "-f", "-a", "--filter", "until=24h", "--keep-storage", "1kb"],
      { engine },
    );
    expect(status).toBe(0);
    expect(given).toMatchObject({ all: true, olderThanMs: 86_400_000, keepBytes: 1024 });
    expect(stdout).toMatch(/abc.*\nTotal: {3}1\.50MB\n$/);
  });

  test("doctor says what is chosen, and fails when nothing works", async () => {
    const report = {
      version: "0.1.0",
      root: "/store",
      sandboxes: [
        { driver: "oci", available: true, reason: "crun 1.8", details: [["crun", "/usr/bin/crun"]] as const },
        { driver: "namespaces", available: false, reason: "no user namespaces", details: [] },
      ],
      chosenSandbox: "oci" as string | undefined,
      why: "it is the hardened one",
      checks: [{ name: "overlayfs", ok: true, detail: "works" }],
    };
    const engine: Partial<Engine> = { doctor: () => Promise.resolve(report) };
    const { stdout, status } = await run(["doctor"], { engine });
    expect(status).toBe(0);
    expect(stdout).toMatch(
      /✓ oci \(chosen\) +crun 1\.8\n {4}crun: \/usr\/bin\/crun\n {2}✗ namespaces +no user namespaces\n/,
    );
    expect(JSON.parse((await run(["doctor", "--json"], { engine })).stdout)).toEqual(report);
    report.chosenSandbox = undefined;
    expect((await run(["doctor"], { engine })).status).toBe(1);
  });

  test("ir prints the graph in each format", async () => {
    const { image, toDefinition, encode } = await import("@slipway/ir");
    const definition = toDefinition(image("busybox").run(["true"]).root);
    const engine: Partial<Engine> = {
      compile: () => Promise.resolve([{ platform: hostPlatform(), definition }]),
    };
    expect((await run(["ir", "."], { engine })).stdout).toContain("busybox");
    expect((await run(["ir", "--format", "dot", "."], { engine })).stdout).toMatch(/^digraph/);
    expect(JSON.parse((await run(["ir", "--format", "json", "."], { engine })).stdout)).toHaveProperty(
      "vertices",
    );
    expect((await run(["ir", "--format", "llb", "-o", "out.llb", "."], { engine })).status).toBe(0);
    expect(readFileSync(folder.join("out.llb"))).toEqual(Buffer.from(encode(definition)));
  });
});

test("help is on stdout and ends with 0, for the program and each command", async () => {
  expect(await run([])).toMatchObject({
    status: 0,
    stdout: expect.stringContaining("Usage: slipway") as string,
    stderr: "",
  });
  for (const command of ["build", "ir", "doctor", "du", "prune"]) {
    const { status, stdout } = await run([command, "--help"]);
    expect(status).toBe(0);
    expect(stdout).toContain(`Usage: slipway ${command}`);
    expect(stdout).toContain("--root");
    expect(stdout).not.toContain("default: []");
  }
});
