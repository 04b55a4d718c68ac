import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { requires } from "@slipway/testing";
import { sessionWith, temporaryFolder, temporaryStore } from "../testing.test.helper.ts";
import { serveGit, TestRepository } from "./git-server.test.helper.ts";
import { failureOf, listing, load } from "./git-source.test.helper.ts";

requires({ root: true, commands: ["git"] }).describe("submodules", () => {
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
