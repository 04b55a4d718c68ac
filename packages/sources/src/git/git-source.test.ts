import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import type { ProgressEvent } from "@slipway/engine-sdk";
import type { BytePath } from "@slipway/store";
import { expect, onTestFinished, test } from "vitest";
import { requires } from "@slipway/testing";
import { linux, signal, taskOf, temporaryFolder, temporaryStore } from "../testing.test.helper.ts";
import { serveGit, TestRepository } from "./git-server.test.helper.ts";
import { listing, load, opOf } from "./git-source.test.helper.ts";
import { createGitSource } from "./git-source.ts";

requires({ root: true, commands: ["git"] }).describe("a git reference", () => {
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
