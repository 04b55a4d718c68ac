import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { createServer, type AddressInfo } from "node:net";
import { expect, onTestFinished, test, vi } from "vitest";
import { processesWith, requires } from "@slipway/testing";
import { linux, serve, signal, taskOf, temporaryFolder, temporaryStore } from "../testing.test.helper.ts";
import { serveGit, TestRepository, type GitServer } from "./git-server.test.helper.ts";
import { failureOf, listing, load, opOf, type Wanted } from "./git-source.test.helper.ts";
import { createGitSource } from "./git-source.ts";

const fetches = (server: GitServer): number =>
  server.requests.filter(({ method, url }) => method === "POST" && url!.endsWith("/git-upload-pack")).length;

requires({ root: true, commands: ["git"] }).describe("a repository that", () => {
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
    // All of them are killed; one that did not get its turn since is there for a moment.
    await vi.waitFor(() => expect(processesWith(url)).toEqual([]), { timeout: 20_000 });
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

test("without git it says what to do", async () => {
  const store = await temporaryStore();
  const path = process.env.PATH;
  process.env.PATH = "/nowhere";
  onTestFinished(() => void (process.env.PATH = path));
  const error = await failureOf(store, { url: "http://127.0.0.1:1/r.git" }, { env: { PATH: "/nowhere" } });
  expect(error).toMatchObject({ code: "GIT_MISSING" });
  expect(error.hint).toContain("Install git");
});
