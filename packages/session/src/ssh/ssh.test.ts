import { execFileSync, spawn, spawnSync } from "node:child_process";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { requires } from "@slipway/testing";
import { createSession, parseSsh } from "../index.ts";
import { MESSAGE, framed, messages } from "./agent-protocol.ts";

const signal = new AbortController().signal;

test.each([
  ["default", "default", []],
  ["work=/run/agent", "work", ["/run/agent"]],
  ["work=a,b=c", "work", ["a", "b=c"]],
])("--ssh %s", (text, id, paths) => {
  expect(parseSsh(text)).toEqual({ id, paths });
});

test.each(["", "=a", "x=", "x=a,"])("--ssh %j is refused", (text) => {
  expect(() => parseSsh(text)).toThrow(expect.objectContaining({ code: "SSH_INVALID" }));
});

requires({ commands: ["ssh-agent", "ssh-add", "ssh-keygen"] }).describe("ssh agents", () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "slipway-ssh-"));
  const ends: (() => void)[] = [];
  afterEach(() => ends.splice(0).forEach((end) => end()));
  afterAll(() => fs.rmSync(folder, { recursive: true }));

  const kinds = [
    ["ed25519"],
    ["rsa", "-b", "2048"],
    ["ecdsa", "-b", "256"],
    ["ecdsa", "-b", "384"],
    ["ecdsa", "-b", "521"],
    ["rsa", "-b", "2048", "-m", "PEM"],
    ["rsa", "-b", "2048", "-m", "PKCS8"],
    ["ecdsa", "-b", "256", "-m", "PEM"],
    ["ecdsa", "-b", "521", "-m", "PKCS8"],
  ];

  function key(name: string, ...options: string[]): string {
    const file = path.join(folder, name);
    execFileSync("ssh-keygen", ["-q", "-N", "", "-C", "someone@somewhere", "-f", file, "-t", ...options]);
    return file;
  }

  async function ssh(paths: readonly string[], env: Record<string, string> = {}): Promise<string> {
    const agent = createSession({ ssh: [{ id: "default", paths }], env, cwd: folder }).sshAgent("default")!;
    const server = net.createServer((connection) => {
      void agent.connect(signal).then((stream) => {
        connection
          .on("error", () => undefined)
          .pipe(stream)
          .pipe(connection);
        connection.on("close", () => stream.destroy());
      });
    });
    const file = path.join(folder, `bridge-${ends.length}-${Date.now()}`);
    await new Promise<void>((resolve) => server.listen(file, resolve));
    ends.push(() => server.close());
    return file;
  }

  /** Runs a client of an agent without holding this process up, which plays the agent. */
  function ask(socket: string, ...command: string[]): Promise<{ code: number | null; output: string }> {
    return new Promise((resolve) => {
      const child = spawn(command[0]!, command.slice(1), {
        env: { PATH: process.env["PATH"], SSH_AUTH_SOCK: socket },
        stdio: ["ignore", "pipe", "pipe"],
      });
      let output = "";
      for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += chunk));
      child.on("close", (code) => resolve({ code, output }));
    });
  }

  test.each(kinds)("OpenSSH lists and verifies keys of our own agent: %s %s %s %s", async (...kind) => {
    const file = key(`key-${kind.join("")}`, ...kind);
    const socket = await ssh([path.basename(file)]);
    const listed = await ask(socket, "ssh-add", "-L");
    const [type, blob] = fs.readFileSync(`${file}.pub`, "utf8").split(" ");
    expect(listed).toEqual({ code: 0, output: `${type} ${blob} \n` });
    // Signs with each hash that the key has, and verifies.
    expect(await ask(socket, "ssh-add", "-T", `${file}.pub`)).toMatchObject({ code: 0 });
  });

  test("signatures verify when a message is signed for real", async () => {
    const file = key("signer", "ed25519");
    const socket = await ssh([file]);
    const publicKey = path.join(folder, "only-public.pub");
    fs.copyFileSync(`${file}.pub`, publicKey);
    fs.writeFileSync(path.join(folder, "message"), "hello");
    expect(
      await ask(
        socket,
        "ssh-keygen",
        "-Y",
        "sign",
        "-n",
        "file",
        "-f",
        publicKey,
        path.join(folder, "message"),
      ),
    ).toMatchObject({ code: 0 });
    const allowed = path.join(folder, "allowed");
    fs.writeFileSync(allowed, `me ${fs.readFileSync(publicKey, "utf8")}`);
    const verify = [
      "-Y",
      "verify",
      "-n",
      "file",
      "-I",
      "me",
      "-f",
      allowed,
      "-s",
      path.join(folder, "message.sig"),
    ];
    expect(spawnSync("ssh-keygen", verify, { input: "hello" }).status).toBe(0);
  });

  function startAgent(): { socket: string } {
    const socket = path.join(folder, `agent-${ends.length}-${Date.now()}`);
    const agent = spawn("ssh-agent", ["-D", "-a", socket], { stdio: "ignore" });
    ends.push(() => agent.kill());
    // The socket is there before anybody listens on it; 2 says that nobody answers.
    while (spawnSync("ssh-add", ["-l"], { env: { ...process.env, SSH_AUTH_SOCK: socket } }).status === 2)
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10);
    return { socket };
  }

  test("an agent that runs is lent for questions alone, to many at once", async () => {
    const { socket } = startAgent();
    const file = key("agents", "ed25519");
    await ask(socket, "ssh-add", "-q", file);
    const lent = await ssh([], { SSH_AUTH_SOCK: socket });
    const answers = await Promise.all(
      Array.from({ length: 5 }, () => ask(lent, "ssh-add", "-T", `${file}.pub`)),
    );
    expect(answers.map(({ code }) => code)).toEqual([0, 0, 0, 0, 0]);
    expect((await ask(lent, "ssh-add", "-D")).code).not.toBe(0);
    expect((await ask(lent, "ssh-add", "-d", file)).code).not.toBe(0);
    expect((await ask(lent, "ssh-add", key("other", "ed25519"))).code).not.toBe(0);
    const extension = await send(socketOf(lent), Buffer.from([27, 0, 0, 0, 1, 120]));
    expect(extension[0]).toBe(MESSAGE.failure);
    expect((await ask(socket, "ssh-add", "-l")).output).toContain("ED25519");
    // By its path, too.
    expect((await ask(await ssh([socket]), "ssh-add", "-l")).output).toContain("ED25519");
  });

  test("an agent that has gone is an error of the connection", async () => {
    const { socket } = startAgent();
    const agent = createSession({ ssh: [{ id: "default", paths: [socket] }] }).sshAgent("default")!;
    ends.splice(0).forEach((end) => end());
    while (fs.existsSync(socket)) await new Promise((resolve) => setTimeout(resolve, 10));
    await expect(agent.connect(signal)).rejects.toMatchObject({
      code: "SSH_AGENT_UNREACHABLE",
      family: "world",
    });
  });

  test("messages that are too long, or none, end the connection and nothing else", async () => {
    const agent = createSession({ ssh: [{ id: "d", paths: [key("hostile", "ed25519")] }] }).sshAgent("d")!;
    for (const garbage of [Buffer.from("ffffffff00", "hex"), Buffer.alloc(4)]) {
      const connection = await agent.connect(signal);
      const closed = new Promise((resolve) => connection.on("close", resolve).on("end", resolve));
      connection.resume().write(garbage);
      await closed;
    }
    const cut = await agent.connect(signal);
    expect((await send(cut, Buffer.of(MESSAGE.signRequest, 0, 0, 255)))[0]).toBe(MESSAGE.failure);
    // Many questions and nobody who reads the answers: they wait.
    const greedy = await agent.connect(signal);
    let taken = 0;
    for (let index = 0; index < 100_000; index++)
      greedy.write(framed(Buffer.of(MESSAGE.requestIdentities)), () => taken++);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(taken).toBeLessThan(50_000);
    greedy.destroy();
    // One byte at a time.
    const slow = await agent.connect(signal);
    for (const byte of framed(Buffer.of(MESSAGE.requestIdentities))) slow.write(Buffer.of(byte));
    for await (const answer of messages(slow)) {
      expect(answer[0]).toBe(MESSAGE.identitiesAnswer);
      break;
    }
  });

  describe("what can't be lent is an error before the build", () => {
    const fail = (paths: readonly string[], env: Record<string, string> = {}) => {
      try {
        createSession({ ssh: [{ id: "default", paths }], env, cwd: folder });
      } catch (error) {
        return error;
      }
      return undefined;
    };

    test("no agent", () => {
      expect(fail([])).toMatchObject({
        code: "SSH_AGENT_MISSING",
        message: expect.stringContaining("SSH_AUTH_SOCK is not set"),
      });
      expect(fail([], { SSH_AUTH_SOCK: "/no/such" })).toMatchObject({ code: "SSH_AGENT_MISSING" });
      expect(fail(["no-such"])).toMatchObject({ code: "SSH_AGENT_MISSING", family: "input" });
    });

    test("no key", () => {
      fs.writeFileSync(path.join(folder, "nonsense"), "nonsense");
      fs.writeFileSync(
        path.join(folder, "damaged"),
        "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n",
      );
      key("public", "ed25519");
      for (const name of ["nonsense", "damaged", "public.pub", "."])
        expect(fail([name]), name).toMatchObject({
          code: "SSH_KEY_INVALID",
          hint: expect.stringContaining(".pub"),
        });
    });

    test("a key that a passphrase protects, in each form", () => {
      for (const [index, form] of [[], ["-m", "PEM"], ["-m", "PKCS8"]].entries()) {
        const file = path.join(folder, `protected-${index}`);
        execFileSync("ssh-keygen", ["-q", "-t", "rsa", "-N", "passphrase", "-f", file, ...form]);
        expect(fail([file]), form.join(" ")).toMatchObject({
          code: "SSH_KEY_ENCRYPTED",
          hint: expect.stringContaining("ssh-add"),
        });
      }
    });

    test("a socket among keys, and one id twice", () => {
      const { socket } = startAgent();
      expect(fail([socket, key("beside", "ed25519")])).toMatchObject({ code: "SSH_INVALID" });
      const twice = [
        { id: "a", paths: [socket] },
        { id: "a", paths: [socket] },
      ];
      expect(() => createSession({ ssh: twice })).toThrow(expect.objectContaining({ code: "SSH_INVALID" }));
    });
  });

  function socketOf(file: string): net.Socket {
    return net.connect(file);
  }

  async function send(stream: NodeJS.ReadWriteStream, message: Buffer): Promise<Buffer> {
    stream.write(framed(message));
    for await (const answer of messages(stream as AsyncIterable<Buffer>)) return answer;
    throw new Error("no answer");
  }
});
