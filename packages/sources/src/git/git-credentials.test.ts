import { execFileSync } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { Duplex } from "node:stream";
import type { BuildSession } from "@slipway/engine-sdk";
import { expect, onTestFinished, test } from "vitest";
import { requires } from "@slipway/testing";
import { sessionWith, temporaryFolder, temporaryStore } from "../testing.test.helper.ts";
import { serveGit, TestRepository } from "./git-server.test.helper.ts";
import { failureOf, listing, load } from "./git-source.test.helper.ts";

requires({ root: true, commands: ["git"] }).describe("credentials", () => {
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

requires({ root: true, commands: ["git"] }).describe("over ssh", () => {
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
  fs.appendFileSync(${JSON.stringify(log)}, JSON.stringify({ args, agent, socket: process.env.SSH_AUTH_SOCK, known: fs.readFileSync(hosts[1].replaceAll("%%", "%"), "utf8") }) + "\\n");
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
    const store = await temporaryStore(path.join(temporaryFolder(), "it's 100%h of this"));
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
