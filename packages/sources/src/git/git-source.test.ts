import { execFileSync } from "node:child_process";
import fs from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import path from "node:path";
import { Duplex } from "node:stream";
import type { BuildSession, ProgressEvent, Ref } from "@slipway/engine-sdk";
import type { BytePath, Store } from "@slipway/store";
import { describe, expect, onTestFinished, test } from "vitest";
import {
  linux,
  missingTools,
  serve,
  sessionWith,
  signal,
  sourceOp,
  taskOf,
  temporaryFolder,
  temporaryStore,
} from "../testing.test.helper.ts";
import { serveGit, TestRepository, type GitServer } from "./git-server.test.helper.ts";
import { createGitSource, type GitSource, type GitSourceOptions } from "./git-source.ts";

interface Wanted {
  readonly url: string;
  readonly fragment?: string;
  readonly attrs?: Readonly<Record<string, string>>;
}

const opOf = ({ url, fragment = "", attrs = {} }: Wanted) =>
  sourceOp(`git://${url.replace(/^[a-z]+:\/\//, "")}${fragment}`, { "git.fullurl": url, ...attrs });

async function load(
  store: Store,
  wanted: Wanted,
  options: Partial<GitSourceOptions> & { source?: GitSource } = {},
): Promise<Ref> {
  const op = opOf(wanted);
  const { source = createGitSource({ store, ...options }) } = options;
  return source.load(op, linux, taskOf(op));
}

/** Paths with type, permissions and content or target. */
async function listing(store: Store, ref: Ref): Promise<Record<string, string>> {
  const view = await store.roots.view(ref, signal);
  const found: Record<string, string> = {};
  for (const { entry } of view.walk("" as BytePath)) {
    if (entry.path === "" || entry.path.startsWith(".git/")) continue;
    if (entry.kind === "file") {
      found[entry.path] = `${entry.mode.toString(8)} ${String(await view.readFile(entry.path))}`;
    } else if (entry.kind === "symlink") found[entry.path] = `-> ${entry.target}`;
    else if (entry.kind === "dir") found[`${entry.path}/`] = entry.mode.toString(8);
    else found[entry.path] = entry.kind;
  }
  return found;
}

async function failureOf(
  store: Store,
  wanted: Wanted,
  options: Partial<GitSourceOptions> = {},
): Promise<{ code: string; message: string; hint: string }> {
  const op = opOf(wanted);
  const source = createGitSource({ store, ...options });
  return source
    .key(op, linux, signal)
    .then(() => source.load(op, linux, taskOf(op)))
    .then(
      () => expect.unreachable("it was fetched"),
      (error: unknown) => error as never,
    );
}

const fetches = (server: GitServer): number =>
  server.requests.filter(({ method, url }) => method === "POST" && url!.endsWith("/git-upload-pack")).length;

describe.skipIf(missingTools("git"))("a git reference", () => {
  test("is a commit's files, with modes of umask 022, symlinks, and the commit's time", async () => {
    const store = await temporaryStore();
    const repository = new TestRepository(await serveGit());
    fs.mkdirSync(path.join(repository.folder, "dir"));
    fs.symlinkSync("../outside", path.join(repository.folder, "dir/link"));
    fs.writeFileSync(path.join(repository.folder, "run.sh"), "x", { mode: 0o755 });
    repository.commit({ "dir/file": "1", näme: "2", ".gitignore": "ignored\n" });
    const before = process.umask(0o077);
    onTestFinished(() => void process.umask(before));
    const ref = await load(store, { url: repository.url });
    expect(await listing(store, ref)).toEqual({
      ".gitignore": "644 ignored\n",
      "dir/": "755",
      "dir/file": "644 1",
      "dir/link": "-> ../outside",
      [Buffer.from("näme").toString("latin1")]: "644 2",
      "run.sh": "755 x",
    });
    const view = await store.roots.view(ref, signal);
    for (const name of ["dir", "dir/file", "dir/link", "run.sh"]) {
      expect(view.lstat(name as BytePath)!.entry, name).toMatchObject({
        mtimeNs: BigInt(repository.seconds) * 1_000_000_000n,
        uid: process.getuid!(),
      });
    }
  });

  test("is the same layer in every store, and one of its time when that is asked for", async () => {
    const repository = new TestRepository(await serveGit());
    repository.commit({ a: "1", "b/c": "2" });
    const refs = [];
    for (const _ of [1, 2]) refs.push(await load(await temporaryStore(), { url: repository.url }));
    expect(refs[0]).toEqual(refs[1]);
    const store = await temporaryStore();
    const now = await load(store, { url: repository.url, attrs: { "git.mtime": "checkout" } });
    const { mtimeNs } = (await store.roots.view(now, signal)).lstat("a" as BytePath)!.entry as {
      mtimeNs: bigint;
    };
    expect(Math.abs(Number(mtimeNs / 1_000_000n) - Date.now())).toBeLessThan(60_000);
  });

  test("may be a branch, a tag, a full name or a commit, with a subfolder", async () => {
    const store = await temporaryStore();
    const repository = new TestRepository(await serveGit());
    const one = repository.commit({ "d/e/f": "one" });
    repository.git("tag", "light");
    repository.git("tag", "-a", "noted", "-m", "x");
    repository.git("branch", "old/branch");
    repository.commit({ "d/e/f": "two" });
    const text = async (fragment: string): Promise<string | undefined> =>
      (await listing(store, await load(store, { url: repository.url, fragment })))[
        fragment.endsWith(":d/e") || fragment.endsWith(":/d//./e/") ? "f" : "d/e/f"
      ];
    expect(await text("")).toBe("644 two");
    expect(await text("#:d/e")).toBe("644 two");
    for (const ref of ["light", "noted", "old/branch", "refs/tags/noted", "refs/heads/old/branch", one])
      expect(await text(`#${ref}`), ref).toBe("644 one");
    expect(await text("#light:/d//./e/")).toBe("644 one");
  });

  test("is a branch before it is a tag of the same name", async () => {
    const store = await temporaryStore();
    const repository = new TestRepository(await serveGit());
    repository.commit({ f: "tag" });
    repository.git("tag", "same");
    const branch = repository.commit({ f: "branch" });
    repository.git("branch", "same");
    repository.push();
    const source = createGitSource({ store });
    const meta = await source.meta(opOf({ url: repository.url, fragment: "#same" }), signal);
    expect(meta).toEqual({ checksum: branch, ref: "refs/heads/same" });
  });

  test("tells its commit, its full name, and the annotated tag", async () => {
    const store = await temporaryStore();
    const repository = new TestRepository(await serveGit());
    const commit = repository.commit({ f: "1" });
    repository.git("tag", "-a", "v1", "-m", "x");
    repository.push();
    const source = createGitSource({ store });
    const meta = (fragment: string) => source.meta(opOf({ url: repository.url, fragment }), signal);
    const tag = repository.git("rev-parse", "v1");
    expect(await meta("#v1")).toEqual({ checksum: tag, commitChecksum: commit, ref: "refs/tags/v1" });
    expect(await meta("")).toEqual({ checksum: commit, ref: "refs/heads/main" });
    expect(await meta(`#${commit}`)).toEqual({ checksum: commit, ref: commit });
  });

  test("keeps its key as long as the branch does not move, and is not fetched twice", async () => {
    const store = await temporaryStore();
    const server = await serveGit();
    const repository = new TestRepository(server);
    repository.commit({ f: "1" });
    const key = () =>
      createGitSource({ store }).key(opOf({ url: repository.url, fragment: "#main" }), linux, signal);
    const first = await key();
    const ref = await load(store, { url: repository.url, fragment: "#main" });
    const after = server.requests.length;
    expect(await key()).toBe(first);
    const commit = repository.git("rev-parse", "HEAD");
    expect(await load(store, { url: repository.url, fragment: `#${commit}` })).toEqual(ref);
    // One question for the branch, nothing for a commit that is there.
    expect(server.requests.slice(after).every(({ url }) => !url!.includes("receive-pack"))).toBe(true);
    expect(server.requests.length - after).toBeLessThanOrEqual(2);
    repository.commit({ f: "2" });
    expect(await key()).not.toBe(first);
  });

  test("means one commit throughout a build, though the branch moves", async () => {
    const store = await temporaryStore();
    const repository = new TestRepository(await serveGit());
    repository.commit({ f: "1" });
    const source = createGitSource({ store });
    await source.key(opOf({ url: repository.url }), linux, signal);
    repository.commit({ f: "2" });
    expect(await listing(store, await load(store, { url: repository.url }, { source }))).toEqual({
      f: "644 1",
    });
  });

  test("is fetched without its history", async () => {
    const store = await temporaryStore();
    const repository = new TestRepository(await serveGit());
    for (let i = 0; i < 5; i++) repository.commit({ f: `${i}` });
    const events: ProgressEvent[] = [];
    const op = opOf({ url: repository.url, attrs: { "git.keepgitdir": "true" } });
    const ref = await createGitSource({ store }).load(op, linux, taskOf(op, events));
    const tree = await store.layers.tree(ref.layers[0]!, signal);
    const log = execFileSync("git", ["-c", "safe.directory=*", "log", "--oneline"], {
      cwd: tree,
      encoding: "utf8",
    });
    expect(log.trim().split("\n")).toHaveLength(1);
    expect(events.some((event) => event.kind === "status" && /objects \d+\/\d+$/.test(event.name))).toBe(
      true,
    );
  });

  test("that moves while it is fetched, from a server that gives out tips only, is found in the history", async () => {
    const store = await temporaryStore();
    const repository = new TestRepository(await serveGit());
    const one = repository.commit({ f: "1" });
    repository.commit({ f: "2" });
    // Protocol 0 and no wants but for advertised tips.
    execFileSync("git", ["config", "protocol.version", "0"], { cwd: repository.bare });
    execFileSync("git", ["config", "uploadpack.allowAnySHA1InWant", "false"], { cwd: repository.bare });
    expect(await listing(store, await load(store, { url: repository.url, fragment: `#${one}` }))).toEqual({
      f: "644 1",
    });
  });

  test("of a repository with SHA-256 hashes is fetched as well", async () => {
    const store = await temporaryStore();
    const server = await serveGit();
    const work = temporaryFolder();
    const git = (...args: string[]): string =>
      execFileSync("git", ["-c", "user.name=a", "-c", "user.email=a@b", ...args], {
        cwd: work,
        encoding: "utf8",
        stdio: ["ignore", "pipe", "ignore"],
      }).trim();
    git("init", "-q", "-b", "main", "--object-format=sha256");
    fs.writeFileSync(path.join(work, "f"), "1");
    git("add", "f");
    git("commit", "-q", "-m", "x");
    git("clone", "-q", "--bare", work, path.join(server.repositories, "new.git"));
    const url = `${server.url}/new.git`;
    for (const attrs of [{}, { "git.keepgitdir": "true" }] as Record<string, string>[]) {
      const ref = await load(store, { url, fragment: `#${git("rev-parse", "HEAD")}`, attrs });
      expect(await listing(store, ref)).toMatchObject({ f: "644 1" });
    }
    expect(await listing(store, await load(store, { url }))).toEqual({ f: "644 1" });
  });

  test("with a kept .git is a repository that git takes for clean, and the same in every store", async () => {
    const repository = new TestRepository(await serveGit());
    repository.commit({ f: "1" });
    repository.git("tag", "-a", "v1", "-m", "x");
    repository.push();
    const wanted = { url: repository.url, fragment: "#v1", attrs: { "git.keepgitdir": "true" } };
    const store = await temporaryStore();
    const ref = await load(store, wanted);
    expect(await load(await temporaryStore(), wanted)).toEqual(ref);
    const tree = await store.layers.tree(ref.layers[0]!, signal);
    const copy = temporaryFolder();
    execFileSync("cp", ["-a", `${tree}/.`, copy]);
    const git = (...args: string[]) =>
      execFileSync("git", ["-c", "safe.directory=*", ...args], { cwd: copy, encoding: "utf8" });
    expect(git("status", "--porcelain")).toBe("");
    expect(git("describe", "--tags").trim()).toBe("v1");
    expect(git("remote", "get-url", "origin").trim()).toBe(repository.url);
    git("fsck");
    expect(fs.readdirSync(path.join(copy, ".git"))).not.toContain("hooks");
  });
});

describe.skipIf(missingTools("git"))("submodules", () => {
  async function withSubmodule(url: (sub: TestRepository) => string, name = "sub") {
    const server = await serveGit();
    const sub = new TestRepository(server, "sub");
    sub.commit({ inner: "s" });
    const repository = new TestRepository(server);
    const pinned = sub.git("rev-parse", "HEAD");
    repository.commit({
      f: "1",
      ".gitmodules": `[submodule "${name}"]\n\tpath = ${name}\n\turl = ${url(sub)}\n`,
    });
    repository.git("update-index", "--add", "--cacheinfo", `160000,${pinned},${name}`);
    repository.git("commit", "-q", "-m", "sub");
    repository.push();
    return { repository, server };
  }

  test("come along, by full and by relative address, unless they are not wanted", async () => {
    const store = await temporaryStore();
    for (const url of [(sub: TestRepository) => sub.url, () => "../sub.git"]) {
      const { repository } = await withSubmodule(url);
      const whole = await listing(store, await load(store, { url: repository.url }));
      expect(whole).toMatchObject({ f: "644 1", "sub/inner": "644 s" });
      expect(Object.keys(whole)).not.toContain(".git/");
      const attrs = { "git.skipsubmodules": "true" };
      const without = await listing(store, await load(store, { url: repository.url, attrs }));
      expect(Object.keys(without)).not.toContain("sub/inner");
    }
  });

  test("that point to this machine or run programs are refused", async () => {
    const store = await temporaryStore();
    const secret = temporaryFolder();
    const marker = path.join(temporaryFolder(), "ran");
    execFileSync("git", ["init", "-q", "--bare", secret]);
    for (const url of [`file://${secret}`, secret, `ext::sh -c "touch ${marker}"`, "fd::0"]) {
      const { repository } = await withSubmodule(() => url);
      const error = await failureOf(store, { url: repository.url });
      expect(["GIT_PROTOCOL_REFUSED", "GIT_FAILED"], `${url}: ${error.message}`).toContain(error.code);
    }
    expect(fs.existsSync(marker)).toBe(false);
  });

  test("with an address that is an option run nothing", async () => {
    const store = await temporaryStore();
    const marker = path.join(temporaryFolder(), "ran");
    const { repository } = await withSubmodule(() => `--upload-pack=touch ${marker}`);
    await failureOf(store, { url: repository.url });
    expect(fs.existsSync(marker)).toBe(false);
  });

  test("of another host do not get the credentials", async () => {
    const store = await temporaryStore();
    const other = await serveGit();
    const sub = new TestRepository(other, "sub2");
    sub.commit({ x: "x" });
    const server = await serveGit();
    const repository = new TestRepository(server);
    repository.commit({ ".gitmodules": `[submodule "s"]\n\tpath = s\n\turl = ${sub.url}\n` });
    repository.git("update-index", "--add", "--cacheinfo", `160000,${sub.git("rev-parse", "HEAD")},s`);
    repository.git("commit", "-q", "-m", "sub");
    repository.push();
    await load(store, { url: repository.url }, { session: sessionWith({ GIT_AUTH_TOKEN: "geheim" }) });
    expect(server.requests[0]!.headers.authorization).toBe(`basic ${btoa("x-access-token:geheim")}`);
    expect(other.requests.length).toBeGreaterThan(0);
    for (const { headers } of other.requests) expect(headers.authorization).toBeUndefined();
  });
});

describe.skipIf(missingTools("git"))("hostile repositories and references", () => {
  test("a subfolder that is a symlink, or leads through one, is refused", async () => {
    const store = await temporaryStore();
    const repository = new TestRepository(await serveGit());
    fs.symlinkSync("/etc", path.join(repository.folder, "etc"));
    repository.commit({ f: "1" });
    for (const subdir of ["etc", "etc/ssl", "f", "nothing"]) {
      const error = await failureOf(store, { url: repository.url, fragment: `#:${subdir}` });
      expect(error.code, subdir).toBe("GIT_SUBDIR_INVALID");
    }
    for (const subdir of ["..", "a/../../b"]) {
      const error = await failureOf(store, { url: repository.url, fragment: `#:${subdir}` });
      expect(error.code, subdir).toBe("GIT_SUBDIR_INVALID");
    }
  });

  test("a tree that writes through a symlink or into .git is refused", async () => {
    const store = await temporaryStore();
    const repository = new TestRepository(await serveGit());
    repository.commit({ f: "1" });
    const marker = temporaryFolder();
    const blob = (text: string): string =>
      execFileSync("git", ["hash-object", "-w", "--stdin"], {
        cwd: repository.folder,
        input: text,
        encoding: "utf8",
      }).trim();
    const tree = (entries: string): string =>
      execFileSync("git", ["mktree", "--missing"], {
        cwd: repository.folder,
        input: entries,
        encoding: "utf8",
      }).trim();
    const hooks = tree(`100755 blob ${blob(`#!/bin/sh\ntouch ${marker}/hook\n`)}\tpost-checkout\n`);
    const trees = [
      tree(`040000 tree ${tree(`040000 tree ${hooks}\thooks\n`)}\t.git\n`),
      tree(`040000 tree ${tree(`040000 tree ${hooks}\thooks\n`)}\t.GIT\n`),
      tree(`040000 tree ${tree(`100644 blob ${blob("x")}\tescaped\n`)}\t..\n`),
      // mktree sorts, so that a link and a folder of one name stay side by side.
      tree(
        `120000 blob ${blob(marker)}\tlink\n040000 tree ${tree(`100644 blob ${blob("x")}\tescaped\n`)}\tlink\n`,
      ),
    ];
    for (const [i, hash] of trees.entries()) {
      const commit = repository.git("commit-tree", "-m", "bad", hash);
      repository.git("update-ref", `refs/heads/bad${i}`, commit);
      try {
        repository.push();
      } catch {
        continue;
      }
      const both: Record<string, string>[] = [{}, { "git.keepgitdir": "true" }];
      for (const attrs of both)
        await load(store, { url: repository.url, fragment: `#bad${i}`, attrs }).catch(() => undefined);
      expect(fs.readdirSync(marker), `tree ${i}`).toEqual([]);
    }
  });

  test.each(["-x", "--upload-pack=touch x", "a..b", "a b", "x^{tree}", "HEAD~1", "@{u}", "a.lock", "*"])(
    "%j is no reference",
    async (ref) => {
      const store = await temporaryStore();
      const error = await failureOf(store, { url: "http://127.0.0.1:1/r.git", fragment: `#${ref}` });
      expect(["GIT_REF_INVALID", "GIT_SUBDIR_INVALID"]).toContain(error.code);
    },
  );

  test.each([
    ["ext::sh -c touch% x", "GIT_URL_INVALID"],
    ["ext::x", "GIT_PROTOCOL_REFUSED"],
    ["file:///etc", "GIT_PROTOCOL_REFUSED"],
    ["/etc", "GIT_URL_INVALID"],
    ["--upload-pack=x", "GIT_URL_INVALID"],
    ["ssh://-oProxyCommand=x/y", "GIT_URL_INVALID"],
    ["-oProxyCommand=x@h:y", "GIT_URL_INVALID"],
    ["git@-oProxyCommand=x:y", "GIT_URL_INVALID"],
    ["git@h:-x", "GIT_URL_INVALID"],
    ["ftp://h/x", "GIT_PROTOCOL_REFUSED"],
  ])("%j is no address", async (url, code) => {
    const store = await temporaryStore();
    expect(await failureOf(store, { url })).toMatchObject({ code });
  });

  test.each(["git.sig.pubkey", "git.bundle", "git.checkoutbundle"])(
    "%s, which nobody would heed, is refused",
    async (attr) => {
      const store = await temporaryStore();
      const error = await failureOf(store, { url: "http://127.0.0.1:1/r.git", attrs: { [attr]: "x" } });
      expect(error.code).toBe("SOURCE_UNSUPPORTED");
    },
  );

  test("hooks, configuration and prompts of the machine take no part", async () => {
    const store = await temporaryStore();
    const home = temporaryFolder();
    const marker = path.join(home, "ran");
    fs.mkdirSync(path.join(home, "template/hooks"), { recursive: true });
    fs.writeFileSync(path.join(home, "template/hooks/post-checkout"), `#!/bin/sh\ntouch ${marker}\n`, {
      mode: 0o755,
    });
    fs.writeFileSync(
      path.join(home, ".gitconfig"),
      `[init]\n\ttemplateDir = ${home}/template\n[core]\n\tfsmonitor = touch ${marker}\n[url "ext::touch ${marker}"]\n\tinsteadOf = http\n`,
    );
    const repository = new TestRepository(await serveGit());
    repository.commit({ f: "1" });
    const env = { ...process.env, HOME: home, GIT_TEMPLATE_DIR: `${home}/template`, GIT_TRACE: `${marker}` };
    const attrs = { "git.keepgitdir": "true" };
    await load(store, { url: repository.url, attrs }, { env });
    expect(fs.existsSync(marker)).toBe(false);
  });
});

describe.skipIf(missingTools("git"))("credentials", () => {
  const guarded = (expected: string) =>
    serveGit((request, response) => {
      if (request.headers.authorization === expected) return false;
      response.writeHead(401, { "www-authenticate": "Basic realm=x" }).end();
      return true;
    });

  test("are a token, a header, or those of the host", async () => {
    const store = await temporaryStore();
    const server = await guarded(`basic ${btoa("x-access-token:t0ken")}`);
    const repository = new TestRepository(server);
    repository.commit({ f: "1" });
    const host = server.url.slice("http://".length);
    const good: Record<string, string>[] = [
      { GIT_AUTH_TOKEN: "t0ken\n" },
      { [`GIT_AUTH_TOKEN.${host}`]: "t0ken", GIT_AUTH_TOKEN: "wrong" },
      { "GIT_AUTH_TOKEN.127.0.0.1": "t0ken" },
      { GIT_AUTH_HEADER: `basic ${btoa("x-access-token:t0ken")}`, GIT_AUTH_TOKEN: "wrong" },
    ];
    for (const secrets of good) await load(store, { url: repository.url }, { session: sessionWith(secrets) });
    await load(
      store,
      { url: repository.url, attrs: { "git.authtokensecret": "mine" } },
      { session: sessionWith({ mine: "t0ken" }) },
    );
    await load(store, { url: repository.url.replace("//", "//x-access-token:t0ken@") });
    const error = await failureOf(store, { url: repository.url });
    expect(error.code).toBe("GIT_UNAUTHORIZED");
    expect(error.hint).toContain("--secret id=GIT_AUTH_TOKEN");
  });

  test("are in no error, no layer, no file of the store, and on no command line", async () => {
    const root = temporaryFolder();
    const store = await temporaryStore(root);
    const lines: string[] = [];
    const watch = setInterval(() => {
      for (const pid of fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
        try {
          lines.push(fs.readFileSync(`/proc/${pid}/cmdline`, "latin1"));
        } catch {
          // Gone already.
        }
      }
    }, 5);
    onTestFinished(() => clearInterval(watch));
    const server = await serveGit();
    const repository = new TestRepository(server);
    repository.commit({ f: "1" });
    const session = sessionWith({ GIT_AUTH_TOKEN: "S3cretTok3n" });
    const attrs = { "git.keepgitdir": "true" };
    await load(store, { url: repository.url, attrs }, { session });
    await load(store, { url: repository.url.replace("//", "//me:S3cretTok3n@"), attrs });
    const refusing = await serveGit((_, response) => {
      response.writeHead(401).end("S3cretTok3n");
      return true;
    });
    const error = await failureOf(store, { url: `${refusing.url.replace("//", "//me:S3cretTok3n@")}/r.git` });
    expect(JSON.stringify(error) + error.message + error.hint).not.toContain("S3cretTok3n");
    const encoded = btoa("x-access-token:S3cretTok3n");
    for (const text of ["S3cretTok3n", encoded]) {
      expect(lines.some((line) => line.includes(text))).toBe(false);
      const grep = () => execFileSync("grep", ["-raFl", text, root], { encoding: "utf8" });
      expect(grep).toThrow();
    }
    expect(lines.some((line) => line.startsWith("git\0"))).toBe(true);
  });

  test("are not sent on to where a server redirects", async () => {
    const store = await temporaryStore();
    const other = await serveGit();
    const repository = new TestRepository(other);
    repository.commit({ f: "1" });
    const server = await serveGit((request, response) => {
      response.writeHead(301, { location: `${other.url}${request.url}` }).end();
      return true;
    });
    const url = `${server.url}/repo.git`;
    // Without credentials a redirect is nothing to worry about.
    expect(await listing(store, await load(store, { url }))).toEqual({ f: "644 1" });
    const before = other.requests.length;
    const error = await failureOf(store, { url }, { session: sessionWith({ GIT_AUTH_TOKEN: "geheim" }) });
    expect(error.code).toBe("GIT_MOVED");
    expect(other.requests.slice(before).some(({ headers }) => headers.authorization !== undefined)).toBe(
      false,
    );
  });
});

describe.skipIf(missingTools("git"))("a repository that", () => {
  test("is not there, or has no such branch, is an error that says so", async () => {
    const store = await temporaryStore();
    const server = await serveGit();
    const repository = new TestRepository(server);
    const commit = repository.commit({ f: "1" });
    const of = (wanted: Wanted) => failureOf(store, wanted);
    expect(await of({ url: `${server.url}/none.git` })).toMatchObject({ code: "GIT_REPOSITORY_NOT_FOUND" });
    expect(await of({ url: repository.url, fragment: "#none" })).toMatchObject({ code: "GIT_REF_NOT_FOUND" });
    expect(await of({ url: repository.url, fragment: `#${commit.slice(0, 8)}` })).toMatchObject({
      code: "GIT_REF_NOT_FOUND",
      hint: expect.stringContaining("40 digits") as string,
    });
    expect(await of({ url: repository.url, fragment: `#${"a".repeat(40)}` })).toMatchObject({
      code: "GIT_REF_NOT_FOUND",
    });
    expect(await of({ url: "http://127.0.0.1:1/r.git" })).toMatchObject({ code: "GIT_UNREACHABLE" });
  });

  test("is not at the commit that it should be names both", async () => {
    const store = await temporaryStore();
    const repository = new TestRepository(await serveGit());
    const commit = repository.commit({ f: "1" });
    const attrs = { "git.checksum": "abcdef0" };
    const error = await failureOf(store, { url: repository.url, attrs });
    expect(error.code).toBe("GIT_CHECKSUM_MISMATCH");
    expect(error.message).toContain(commit);
    expect(error.message).toContain("abcdef0");
    await load(store, { url: repository.url, attrs: { "git.checksum": commit.slice(0, 7) } });
  });

  test("has moved on is fetched by commit when that is wanted", async () => {
    const store = await temporaryStore();
    const repository = new TestRepository(await serveGit());
    const one = repository.commit({ f: "1" });
    repository.commit({ f: "2" });
    const attrs = { "git.checksum": one, "git.fetchbycommit": "true" };
    expect(
      await listing(store, await load(store, { url: repository.url, fragment: "#main", attrs })),
    ).toEqual({
      f: "644 1",
    });
    expect(
      await failureOf(store, { url: repository.url, attrs: { ...attrs, "git.checksum": one.slice(0, 8) } }),
    ).toMatchObject({ code: "CHECKSUM_INVALID" });
  });

  test("falls silent is given up, and git with it", async () => {
    const store = await temporaryStore();
    const server = createServer((socket) => void socket.on("error", () => undefined));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    const url = `git://127.0.0.1:${(server.address() as AddressInfo).port}/r.git`;
    const error = await failureOf(store, { url }, { idleTimeoutMs: 200 });
    expect(error.code).toBe("GIT_TIMEOUT");
  });

  test("is asked too long is left at once when the build is stopped, and no git stays", async () => {
    const store = await temporaryStore();
    const server = createServer((socket) => void socket.on("error", () => undefined));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/r.git`;
    const abort = new AbortController();
    const op = opOf({ url });
    const pending = createGitSource({ store }).load(op, linux, taskOf(op, [], abort.signal));
    setTimeout(() => abort.abort(new Error("enough")), 300);
    await expect(pending).rejects.toThrow("enough");
    const running = execFileSync("ps", ["-eo", "args"], { encoding: "utf8" });
    expect(running).not.toContain(url);
  });

  test("is nothing but files on a web server is fetched whole, with its submodules", async () => {
    const store = await temporaryStore();
    const server = await serveGit();
    const sub = new TestRepository(server, "sub");
    const pinned = sub.commit({ inner: "1" });
    sub.commit({ inner: "2" });
    const repository = new TestRepository(server);
    const files = await serve((request, response) => {
      const { pathname } = new URL(request.url!, "http://host");
      try {
        response.end(fs.readFileSync(path.join(server.repositories, pathname)));
      } catch {
        response.writeHead(404).end();
      }
    });
    repository.commit({
      f: "1",
      ".gitmodules": `[submodule "sub"]\n\tpath = sub\n\turl = ${files.url}/sub.git\n`,
    });
    repository.git("update-index", "--add", "--cacheinfo", `160000,${pinned},sub`);
    repository.git("commit", "-q", "-m", "sub");
    repository.push();
    for (const { bare } of [sub, repository]) execFileSync("git", ["update-server-info"], { cwd: bare });
    const ref = await load(store, { url: `${files.url}/repo.git` });
    expect(await listing(store, ref)).toMatchObject({ f: "644 1", "sub/inner": "644 1" });
  });

  test("had a git killed in its mirror is fetched all the same", async () => {
    const root = temporaryFolder();
    const store = await temporaryStore(root);
    const repository = new TestRepository(await serveGit());
    repository.commit({ f: "1" });
    await load(store, { url: repository.url });
    const mirror = execFileSync("find", [root, "-name", "repository", "-type", "d"], {
      encoding: "utf8",
    }).trim();
    for (const name of ["shallow.lock", "config.lock", "HEAD.lock", "packed-refs.lock", "objects/tmp_x"])
      fs.writeFileSync(path.join(mirror, name), "");
    repository.commit({ f: "2" });
    expect(await listing(store, await load(store, { url: repository.url }))).toEqual({ f: "644 2" });
    fs.writeFileSync(path.join(mirror, "HEAD"), "broken");
    fs.writeFileSync(path.join(mirror, "config"), "[broken");
    repository.commit({ f: "3" });
    expect(await listing(store, await load(store, { url: repository.url }))).toEqual({ f: "644 3" });
  });

  test("is wanted by two at once, in one process and in another store session, is fetched once", async () => {
    const root = temporaryFolder();
    const stores = [await temporaryStore(root), await temporaryStore(root)];
    const server = await serveGit();
    const repository = new TestRepository(server);
    const commit = repository.commit({ f: "1" });
    const refs = await Promise.all(
      stores.flatMap((store) =>
        [1, 2].map(() => load(store, { url: repository.url, fragment: `#${commit}` })),
      ),
    );
    expect(new Set(refs.map(({ layers }) => layers.join())).size).toBe(1);
    expect(fetches(server)).toBeLessThanOrEqual(2);
  });

  test("was pruned is fetched again", async () => {
    const root = temporaryFolder();
    const repository = new TestRepository(await serveGit());
    repository.commit({ f: "1" });
    const before = await temporaryStore(root);
    await load(before, { url: repository.url });
    expect(before.usage().some(({ description }) => description.includes(repository.url))).toBe(true);
    await before.close();
    const after = await temporaryStore(root);
    for await (const _ of after.prune({ all: true, signal }));
    expect(after.usage()).toEqual([]);
    expect(await listing(after, await load(after, { url: repository.url }))).toEqual({ f: "644 1" });
  });
});

describe.skipIf(missingTools("git"))("over ssh", () => {
  /** An `ssh` that notes how it was called, says a word to the agent, and runs the command here. */
  function stubSsh(): {
    env: NodeJS.ProcessEnv;
    calls: () => { args: string[]; agent?: string; socket?: string }[];
  } {
    const folder = temporaryFolder();
    const log = path.join(folder, "calls");
    fs.writeFileSync(
      path.join(folder, "ssh"),
      `#!${process.execPath}
const fs = require("node:fs"), net = require("node:net");
const args = process.argv.slice(2);
if (args[0] === "-G") process.exit(1);
const run = (agent) => {
  const hosts = /UserKnownHostsFile="([^"]*)"/.exec(args.join(" "));
  fs.appendFileSync(${JSON.stringify(log)}, JSON.stringify({ args, agent, socket: process.env.SSH_AUTH_SOCK, known: fs.readFileSync(hosts[1], "utf8") }) + "\\n");
  const child = require("node:child_process").spawn("sh", ["-c", args.at(-1)], { stdio: "inherit" });
  child.on("close", (code) => process.exit(code ?? 1));
};
if (!process.env.SSH_AUTH_SOCK) run();
else {
  const socket = net.connect(process.env.SSH_AUTH_SOCK, () => socket.write("keys?"));
  socket.on("data", (answer) => { socket.destroy(); run(String(answer)); });
}
`,
      { mode: 0o755 },
    );
    return {
      env: { PATH: `${folder}:${process.env.PATH}`, SSH_AUTH_SOCK: "/not/lent" },
      calls: () =>
        fs
          .readFileSync(log, "utf8")
          .trim()
          .split("\n")
          .map((line) => JSON.parse(line) as never),
    };
  }

  test("the lent agent is reached, known hosts are those of the definition, and nothing of it stays", async () => {
    const store = await temporaryStore();
    const repository = new TestRepository(await serveGit());
    repository.commit({ f: "1" });
    const { env, calls } = stubSsh();
    const connections: string[] = [];
    const session: BuildSession = {
      secret: () => Promise.resolve(undefined),
      sshAgent: (id) => ({
        connect() {
          connections.push(id);
          return Promise.resolve(
            new Duplex({
              read() {},
              write(chunk: Buffer, _, done) {
                this.push(`answer to ${String(chunk)}`);
                done();
              },
            }),
          );
        },
      }),
    };
    const attrs = { "git.mountsshsock": "deploy", "git.knownsshhosts": "example.test ssh-ed25519 AAAA" };
    const url = `ssh://git@example.test${repository.bare}`;
    expect(await listing(store, await load(store, { url, attrs }, { env, session }))).toEqual({ f: "644 1" });
    expect(connections[0]).toBe("deploy");
    for (const { args, agent, ...rest } of calls()) {
      expect(agent).toBe("answer to keys?");
      expect(args.join(" ")).toMatch(
        /-F \/dev\/null .*BatchMode=yes .*IdentityFile=none .*StrictHostKeyChecking=yes/,
      );
      expect(args).toContain("git@example.test");
      expect(rest).toMatchObject({ known: "example.test ssh-ed25519 AAAA\n" });
    }
    for (const { socket } of calls()) expect(fs.existsSync(socket!)).toBe(false);
  });

  test("no agent of the machine is used that was not lent", async () => {
    const store = await temporaryStore();
    const repository = new TestRepository(await serveGit());
    repository.commit({ f: "1" });
    const { env, calls } = stubSsh();
    await load(store, { url: `git@example.test:${repository.bare}` }, { env });
    for (const { agent, args } of calls()) {
      expect(agent).toBeUndefined();
      expect(args.join(" ")).toContain("StrictHostKeyChecking=accept-new");
    }
  });
});

test("without git it says what to do", async () => {
  const store = await temporaryStore();
  const path = process.env.PATH;
  process.env.PATH = "/nowhere";
  onTestFinished(() => void (process.env.PATH = path));
  const error = await failureOf(store, { url: "http://127.0.0.1:1/r.git" }, { env: { PATH: "/nowhere" } });
  expect(error).toMatchObject({ code: "GIT_MISSING" });
  expect(error.hint).toContain("Install git");
});

test("an ssh repository without an agent of that name says how to lend it", async () => {
  const store = await temporaryStore();
  const session: BuildSession = sessionWith({});
  const error = await failureOf(
    store,
    { url: "git@127.0.0.1:r.git", attrs: { "git.mountsshsock": "deploy" } },
    { session },
  );
  expect(error).toMatchObject({
    code: "SSH_AGENT_NOT_LENT",
    hint: expect.stringContaining("--ssh deploy") as string,
  });
});
