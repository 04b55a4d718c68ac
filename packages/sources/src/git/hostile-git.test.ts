import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import type { BytePath } from "@slipway/store";
import { requires } from "@slipway/testing";
import { temporaryFolder, temporaryStore } from "../testing.test.helper.ts";
import { serveGit, TestRepository } from "./git-server.test.helper.ts";
import { failureOf, listing, load } from "./git-source.test.helper.ts";

requires({ root: true, commands: ["git"] }).describe("hostile repositories and references", () => {
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

  test.each([
    ["9223372036854775807", 2n ** 33n - 1n],
    ["99999999999999", 2n ** 33n - 1n],
  ])("a commit of the second %s gives files of a time that there is", async (seconds, expected) => {
    const store = await temporaryStore();
    const repository = new TestRepository(await serveGit());
    repository.commit({ f: "1" });
    const tree = repository.git("rev-parse", "HEAD^{tree}");
    const who = `a <a@b.c> ${seconds} +0000`;
    const commit = execFileSync("git", ["hash-object", "-t", "commit", "-w", "--literally", "--stdin"], {
      cwd: repository.folder,
      input: `tree ${tree}\nauthor ${who}\ncommitter ${who}\n\nx\n`,
      encoding: "utf8",
    }).trim();
    repository.git("update-ref", "refs/heads/odd", commit);
    repository.push();
    const ref = await load(store, { url: repository.url, fragment: "#odd" });
    const view = await store.roots.view(ref, new AbortController().signal);
    expect(view.lstat("f" as BytePath)!.entry).toMatchObject({ mtimeNs: expected * 1_000_000_000n });
  });

  test("no name of a file is taken away from the repository", async () => {
    const store = await temporaryStore();
    const repository = new TestRepository(await serveGit());
    const files = { ".slipway-index": "1", index: "2", HEAD: "3", config: "4" };
    repository.commit(files);
    expect(await listing(store, await load(store, { url: repository.url }))).toEqual(
      Object.fromEntries(Object.entries(files).map(([name, text]) => [name, `644 ${text}`])),
    );
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
