import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import path from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { requires, runCommand, temporaryFolder } from "@slipway/testing";
import { readImage } from "./differential/read-image.ts";
import {
  describeBesideBuildKit,
  startReferenceBuilder,
  type ReferenceBuilder,
} from "./differential/reference-builder.ts";
import { writeContext } from "./harness/context.ts";
import { serveGit, servedRepository, type FileServer, type ServedRepository } from "./harness/git-server.ts";
import { eventually, processesWith } from "./harness/processes.ts";
import { LAUNCHER, slipway, startSlipway } from "./harness/slipway.ts";
import { tells, tracesIn } from "./harness/traces.ts";

// Contexts that are fetched: git repositories, archives and files by http, archives from stdin, OCI layouts.

const TOKEN = "t0p-s3cret-token-of-the-private-repository";

requires({ commands: ["git", "tar", "xz", "bzip2"] }).describe("contexts from elsewhere", () => {
  const folder = temporaryFolder();
  const files = new Map<string, { readonly bytes: Buffer; readonly etag?: string }>();
  let server: FileServer;
  let repository: ServedRepository;
  let count = 0;

  beforeAll(async () => {
    repository = servedRepository(folder.join("git"), "app");
    mkdirSync(path.join(repository.folder, "sub"));
    symlinkSync("../Dockerfile", path.join(repository.folder, "sub/link"));
    writeFileSync(path.join(repository.folder, "run.sh"), "#!/bin/sh\n");
    chmodSync(path.join(repository.folder, "run.sh"), 0o755);
    repository.commit({
      Dockerfile: "FROM scratch\nCOPY . /\n",
      ".dockerignore": "kept\n",
      kept: "ignore files are for what clients send\n",
      "sub/Dockerfile": "FROM scratch\nCOPY link text /s/\n",
      "sub/Other": "FROM scratch\nCOPY sub/text /t\n",
      "sub/text": "one",
    });
    repository.git("tag", "-a", "v1", "-m", "v1");
    repository.commit({ "sub/text": "two" });
    const secret = servedRepository(folder.join("git"), "private");
    secret.commit({ Dockerfile: "FROM scratch\nCOPY f /\n", f: "private" });
    server = await serveGit(folder.join("git"), (request, response) => {
      const { pathname } = new URL(request.url ?? "/", "http://host");
      if (pathname.startsWith("/git/private.git")) {
        if (request.headers.authorization === `basic ${btoa(`x-access-token:${TOKEN}`)}`) return false;
        response.writeHead(401, { "www-authenticate": "Basic realm=private" }).end();
        return true;
      }
      const file = files.get(pathname);
      if (file === undefined) return false;
      if (file.etag !== undefined) response.setHeader("etag", file.etag);
      const same = file.etag !== undefined && request.headers["if-none-match"] === file.etag;
      if (same) response.writeHead(304).end();
      else response.end(file.bytes);
      return true;
    });
  });
  afterAll(async () => {
    await server?.stop();
    folder.remove();
  });

  /** Builds to a folder; gives its files and what was printed. */
  async function build(
    args: readonly string[],
    options: { root?: string; env?: Record<string, string>; stdin?: Buffer; cwd?: string } = {},
  ) {
    const { root = folder.join("store") } = options;
    const dest = folder.join(`out-${++count}`);
    const all = ["build", "--progress=plain", `--output=type=local,dest=${dest}`, ...args];
    const env = { ...options.env, SLIPWAY_ROOT: root };
    const result =
      options.stdin === undefined
        ? await slipway(all, { root, env: options.env, cwd: options.cwd ?? folder.path })
        : await runCommand(process.execPath, [LAUNCHER, ...all], {
            env: { ...env, NODE_OPTIONS: undefined, VITEST: undefined },
            input: options.stdin,
            allowFailure: true,
            cwd: folder.path,
          });
    const read = (name: string): string => readFileSync(path.join(dest, name), "utf8");
    return { ...result, dest, read, output: result.stdout + result.stderr };
  }

  test("a git repository is built at a branch, a tag, or in a subfolder", async () => {
    const main = await build([`${server.url}/git/app.git`]);
    expect(main.output, main.output).toContain("[internal] load git source");
    expect(main.read("sub/text")).toBe("two");
    expect(main.read("kept")).toContain("clients");
    expect(existsSync(path.join(main.dest, ".git"))).toBe(false);
    const tag = await build([`${server.url}/git/app.git#v1:sub`]);
    expect(tag.read("s/text")).toBe("one");
    // The link leads out of the subfolder in the repository; in the context there is nothing above.
    expect(tag.read("s/link")).toContain("COPY link text");
    const file = await build(["-f", "sub/Other", `${server.url}/git/app.git#v1`]);
    expect(file.read("t")).toBe("one");
    const sub = await build(["--build-context", `c=${server.url}/git/app.git#v1:sub`, "-"], {
      stdin: Buffer.from(
        "FROM scratch\nCOPY --from=c text /t\nADD --from=c . /all/\n".replace("ADD", "COPY"),
      ),
    });
    expect(sub.code, sub.output).toBe(0);
    expect(sub.read("t")).toBe("one");
  });

  test("a branch that did not move is not fetched again, and one that did is built anew", async () => {
    const root = folder.join("store-2");
    const context = `${server.url}/git/app.git#main`;
    await build([context], { root });
    const before = server.requests.length;
    const again = await build([context], { root });
    expect(again.output).toMatch(/load git source[^\n]*\n#\d+ CACHED/);
    expect(
      server.requests.slice(before).every((line) => !line.startsWith("POST") || line.includes("upload-pack")),
    ).toBe(true);
    expect(server.requests.length - before).toBeLessThanOrEqual(2);
    repository.commit({ "sub/text": "three" });
    expect((await build([context], { root })).read("sub/text")).toBe("three");
  });

  test("a private repository takes a token, which is nowhere afterwards", async () => {
    const root = folder.join("store-private");
    const context = `${server.url}/git/private.git`;
    const refused = await build([context], { root });
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain("--secret id=GIT_AUTH_TOKEN");
    const env = { MY_TOKEN: TOKEN };
    const built = await build(["--secret=id=GIT_AUTH_TOKEN,env=MY_TOKEN", context], { root, env });
    expect(built.code, built.output).toBe(0);
    expect(built.read("f")).toBe("private");
    expect(tells(refused.output + built.output, TOKEN)).toBe(false);
    expect(tracesIn(root, TOKEN)).toEqual([]);
  });

  // The files of the archive belong to whoever runs the tests, whom a namespace of one user cannot name.
  requires({ root: true }).test(
    "an archive is a context, from stdin and by http, packed by anything",
    async () => {
      const context = writeContext(folder.join("context"), {
        "build/File": "FROM scratch\nCOPY a /\n",
        Dockerfile: "FROM scratch\nCOPY . /\n",
        ".dockerignore": "a\n",
        a: "1",
      });
      const tar = execFileSync("tar", ["c", "-C", context, "."]);
      const packed: Record<string, Buffer> = {
        plain: tar,
        gzip: gzipSync(tar),
        zstd: zstdCompressSync(tar),
        xz: execFileSync("xz", ["-c"], { input: tar }),
        bzip2: execFileSync("bzip2", ["-c"], { input: tar }),
      };
      for (const [name, bytes] of Object.entries(packed)) {
        const fromStdin = await build(["-"], { stdin: bytes });
        expect(fromStdin.code, `${name} ${fromStdin.output}`).toBe(0);
        expect(fromStdin.read("a"), name).toBe("1");
        files.set(`/${name}`, { bytes });
        const byHttp = await build([`${server.url}/${name}`]);
        expect(byHttp.code, `${name} ${byHttp.output}`).toBe(0);
        expect(byHttp.read("a"), name).toBe("1");
      }
      const other = await build(["-f", "build/File", "-"], { stdin: packed["gzip"]! });
      expect(other.read("a")).toBe("1");
      expect(existsSync(path.join(other.dest, "Dockerfile"))).toBe(false);
    },
  );

  test("an archive that wants to get out of the context does not", async () => {
    const outside = folder.join("outside");
    const evil = execFileSync("python3", [
      "-c",
      `
import tarfile, io, sys
t = tarfile.open(fileobj=sys.stdout.buffer, mode="w|")
def add(name, data=b"x", **kw):
    i = tarfile.TarInfo(name); i.size = len(data)
    for k, v in kw.items(): setattr(i, k, v)
    t.addfile(i, io.BytesIO(data))
add("Dockerfile", b"FROM scratch\\nCOPY . /\\n")
add("link", b"", type=tarfile.SYMTYPE, linkname=${JSON.stringify(outside)})
add("link/through")
add("../../../../../../../..${outside}-dots")
add("${outside}-absolute")
t.close()
`,
    ]);
    const { code, output } = await build(["-"], { stdin: evil });
    expect(existsSync(outside)).toBe(false);
    expect(existsSync(`${outside}-dots`)).toBe(false);
    expect(existsSync(`${outside}-absolute`)).toBe(false);
    expect([0, 1], output).toContain(code);
    expect(output).not.toContain("bug in Slipway");
  });

  test("a lone Dockerfile by http is built with itself as the context", async () => {
    files.set("/lone", { bytes: Buffer.from("FROM scratch\nCOPY context /it\n") });
    const { read, code, output } = await build([`${server.url}/lone`]);
    expect(code, output).toBe(0);
    expect(read("it")).toContain("COPY context /it");
  });

  test("a URL is downloaded again when it has changed, and only then", async () => {
    const root = folder.join("store-url");
    const context = writeContext(folder.join("adds"), {
      Dockerfile: `FROM scratch\nADD ${server.url}/data /\n`,
    });
    files.set("/data", { bytes: Buffer.from("one"), etag: '"1"' });
    expect((await build([context], { root })).read("data")).toBe("one");
    const again = await build([context], { root });
    expect(again.read("data")).toBe("one");
    expect(again.output).not.toContain("downloading");
    const third = await build([context], { root });
    expect(third.output).toMatch(/ADD [^\n]*\n#\d+ CACHED/);
    files.set("/data", { bytes: Buffer.from("two"), etag: '"2"' });
    expect((await build([context], { root })).read("data")).toBe("two");
  });

  test("an image in an OCI layout is a base, with its configuration", async () => {
    const base = writeContext(folder.join("base"), {
      Dockerfile: "FROM scratch\nCOPY Dockerfile /from-base\nENV LAYOUT=yes\n",
    });
    const layout = folder.join("layout");
    const made = await slipway(["build", "-t", "base:1", "-o", `type=oci,tar=false,dest=${layout}`, base], {
      root: folder.join("store"),
    });
    expect(made.code, made.stderr).toBe(0);
    const context = writeContext(folder.join("on-base"), {
      Dockerfile: "FROM base\nCOPY Dockerfile /$LAYOUT\n",
    });
    const built = await build(["--build-context", `base=oci-layout://${layout}:1`, context], {
      root: folder.join("store-other"),
    });
    expect(built.code, built.output).toBe(0);
    expect(built.read("from-base")).toContain("ENV LAYOUT=yes");
    expect(built.read("yes")).toContain("FROM base");
  });

  describeBesideBuildKit("as BuildKit has it", {}, () => {
    let buildkit: ReferenceBuilder;
    beforeAll(async () => {
      buildkit = await startReferenceBuilder(folder.join("buildkit"));
    }, 120_000);
    afterAll(() => buildkit?.stop());

    const empty = (): string => writeContext(folder.join("empty"), { Dockerfile: "FROM scratch\n" });

    async function same(context: string, build: { dockerfile?: string } = {}): Promise<void> {
      const name = ++count;
      const own =
        build.dockerfile === undefined
          ? empty()
          : writeContext(folder.join(`d-${name}`), { Dockerfile: build.dockerfile });
      const options: Record<string, string> = context === "" ? {} : { context };
      const theirs = folder.join(`bk-${name}`);
      expect(await buildkit.build({ context: own, options, dest: theirs })).toBeUndefined();
      const ours = folder.join(`ours-${name}`);
      const args = [
        "build",
        "--progress=plain",
        "-o",
        `type=oci,tar=false,dest=${ours}`,
        context === "" ? own : context,
      ];
      const result = await slipway(args, { root: folder.join("store") });
      expect(result.code, result.stderr).toBe(0);
      const [a, b] = [await readImage(ours), await readImage(theirs)];
      expect(a.tree).toEqual(b.tree);
      expect(a.config).toEqual(b.config);
    }

    test("a git repository is the same tree", () => same(`${server.url}/git/app.git#main`), 120_000);
    test("an archive is the same tree", () => same(`${server.url}/gzip`), 120_000);
    test("a lone Dockerfile is the same tree", () => same(`${server.url}/lone`), 120_000);
    test(
      "ADD takes the same from git and from http",
      () =>
        same("", {
          dockerfile: `FROM scratch
ADD ${server.url}/git/app.git#v1 /whole/
ADD ${server.url}/git/app.git?ref=main&subdir=sub /sub
ADD --chown=12:34 ${server.url}/git/app.git#v1:sub /owned/
ADD ${server.url}/lone /file
ADD --chmod=0755 --chown=1:2 ${server.url}/lone /folder/
ADD ${server.url}/gzip /packed/
`,
        }),
      120_000,
    );
  });
});

requires({ commands: ["git"] }).test(
  "a slipway that is killed takes its git with it",
  async () => {
    using folder = temporaryFolder();
    const silent = createServer((socket) => void socket.on("error", () => undefined));
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    try {
      const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/x.git`;
      const running = startSlipway(["build", url], { root: folder.path });
      await eventually("git asks", () => processesWith(`ls-remote --symref -- ${url}`).length > 0);
      running.child.kill("SIGKILL");
      await eventually("git has ended", () => processesWith(url).length === 0);
    } finally {
      silent.close();
    }
  },
  120_000,
);

describe("what can't be fetched", () => {
  test("is told with what to do", async () => {
    using folder = temporaryFolder();
    const { code, stderr } = await slipway(["build", "http://127.0.0.1:1/x.tar"], { root: folder.path });
    expect(code).toBe(1);
    expect(stderr).toContain("hint: Check the address, the network and the proxy");
  });
});
