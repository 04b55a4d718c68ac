import { randomBytes } from "node:crypto";
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { SandboxMount } from "@slipway/engine-sdk";
import { runToEnd } from "./fixture-root.ts";
import { ownSeconds } from "./processes-with.ts";
import type { SuiteContext } from "./suite-context.ts";

/** What only one step sees: secrets, sockets, devices. */
export function describePrivate(context: SuiteContext): void {
  const { shell, success, asUser, start } = context;

  const secret = (changes: Partial<Extract<SandboxMount, { kind: "secret" }>> = {}): SandboxMount => ({
    kind: "secret",
    target: "/etc/lower-file",
    content: Buffer.from("s3cret\n"),
    uid: 0,
    gid: 0,
    mode: 0o400,
    ...changes,
  });
  const socket = (changes: Partial<Extract<SandboxMount, { kind: "socket" }>> = {}): SandboxMount => ({
    kind: "socket",
    target: "/etc/lower-file",
    uid: 0,
    gid: 0,
    mode: 0o600,
    ...changes,
  });

  describe("keeps secrets", () => {
    test("a secret is a file with its owner and mode, in memory, that nobody can write to", async () => {
      const content = randomBytes(500 * 1024);
      const { exit, stdout } = await shell(
        "cat /etc/lower-file | wc -c; stat -c '%a %u:%g %F' /etc/lower-file /opt/script; cat /opt/script; " +
          "grep lower-file /proc/self/mountinfo; echo x > /etc/lower-file || echo refused; rm /etc/lower-file || echo refused; " +
          "mount -o remount,rw /etc/lower-file || echo refused",
        {
          mounts: [
            secret({ content }),
            secret({ target: "/opt/script", uid: 1000, gid: 1001, mode: 0o640, content: Buffer.from("ü\n") }),
          ],
        },
      );
      const [head, rest] = stdout.split("ü\n") as [string, string];
      expect(exit).toEqual(success);
      expect(head).toBe(`${500 * 1024}\n400 0:0 regular file\n640 1000:1001 regular file\n`);
      expect(rest).toMatch(/ ro,nosuid,nodev,noexec\S* .*- (tmpfs|ramfs) /);
      expect(rest.match(/refused/g)).toHaveLength(3);
    });

    test("users that the mode does not name can't read it", async () => {
      const mounts = [secret(), secret({ target: "/opt/script", uid: 1000, gid: 1001 })];
      const { stdout } = await shell("cat /etc/lower-file || echo refused; cat /opt/script", {
        process: asUser,
        mounts,
      });
      expect(stdout).toBe("refused\ns3cret\n");
    });

    test("its target may be in another mount", async () => {
      const overlay = context.root.overlay();
      const { stdout } = await shell("cat /work/deep/secret", {
        root: overlay,
        mounts: [{ kind: "tmpfs", target: "/work" }, secret({ target: "/work/deep/secret" })],
      });
      expect(stdout).toBe("s3cret\n");
      expect(readdirSync(overlay.upperdir)).toEqual([]);
    });

    test("its bytes and those of the environment are in no file while the step runs, nor after it was killed", async () => {
      const marker = `s3cret-${randomBytes(16).toString("hex")}`;
      const spec = context.root.spec(["sh", "-c", `echo ready; sleep ${ownSeconds(2)}`], {
        mounts: [secret({ content: Buffer.from(`${marker} file`) })],
        process: { env: ["PATH=/bin", `TOKEN=${marker} variable`] },
      });
      const program = start(spec);
      await new Promise((resolve) => program.stdout!.once("data", resolve));
      expect(filesWith(context.root.folder, marker)).toEqual([]);
      program.kill("SIGKILL");
      await new Promise((resolve) => program.once("close", resolve));
      expect(filesWith(context.root.folder, marker)).toEqual([]);
    });

    test("errors do not tell them", async () => {
      const marker = `s3cret-${randomBytes(16).toString("hex")}`;
      const failing = context.root.spec(["/opt/no-interpreter"], {
        mounts: [secret({ content: Buffer.from(marker) })],
        process: { env: [`TOKEN=${marker}`] },
      });
      const error: unknown = await runToEnd(context.driver, failing).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(Error);
      expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain(marker);
    });
  });

  describe("lends sockets", () => {
    const ask = "$ASK /etc/lower-file";
    const client = socketClient();
    const env = ["PATH=/bin", `ASK=${client.command}`];
    beforeAll(() => writeFileSync(path.join(context.root.lower, "etc/ask.cjs"), client.script));
    afterAll(() => rmSync(path.join(context.root.lower, "etc/ask.cjs")));

    test("a process talks to whoever answers its connections, any number of them", async () => {
      const asked: string[] = [];
      const chunks: Buffer[] = [];
      const overlay = context.root.overlay();
      const spec = context.root.spec(
        ["sh", "-c", `stat -c '%a %u:%g %F' /etc/lower-file; ${ask}; ${ask} & ${ask}; wait`],
        { root: overlay, process: { env }, mounts: [...client.mounts, socket({ gid: 7, mode: 0o660 })] },
      );
      const exit = await context.driver.run(spec, {
        signal: new AbortController().signal,
        onOutput: (_, chunk) => chunks.push(chunk),
        onConnection(target, connection) {
          connection.once("data", (data: Buffer) => {
            asked.push(`${target} ${data.toString()}`);
            connection.end("answer\n");
          });
        },
      });
      expect(exit).toEqual(success);
      expect(Buffer.concat(chunks).toString()).toBe("660 0:7 socket\nanswer\nanswer\nanswer\n");
      expect(asked).toEqual(Array(3).fill("/etc/lower-file hello\n"));
      expect(readdirSync(overlay.upperdir)).toEqual([]);
    });

    test("each socket is told from the others, and users that the mode does not name can't connect", async () => {
      const spec = context.root.spec(["sh", "-c", `${ask} 2>/dev/null || echo refused; $ASK /opt/garbage`], {
        process: { ...asUser, env },
        mounts: [...client.mounts, socket(), socket({ target: "/opt/garbage", mode: 0o666 })],
      });
      let output = "";
      await context.driver.run(spec, {
        signal: new AbortController().signal,
        onOutput: (_, chunk) => (output += chunk.toString()),
        onConnection: (target, connection) => connection.end(`this is ${target}\n`),
      });
      expect(output).toBe("refused\nthis is /opt/garbage\n");
    });

    test("connections that are left end with the process, and none is answered when nobody listens", async () => {
      const ended = await new Promise<boolean>((resolve, reject) => {
        const spec = context.root.spec(["sh", "-c", `${ask} & sleep 0.5`], {
          process: { env },
          mounts: [...client.mounts, socket()],
        });
        context.driver
          .run(spec, {
            signal: new AbortController().signal,
            onOutput: () => undefined,
            onConnection: (_, connection) => connection.on("close", () => resolve(true)).resume(),
          })
          .then(() => delay(10_000).then(() => resolve(false)), reject);
      });
      expect(ended).toBe(true);
      const mounts = [...client.mounts, socket()];
      expect((await shell(`${ask}; echo done`, { process: { env }, mounts })).stdout).toBe("done\n");
    });
  });

  describe("lends devices", () => {
    const device = (target: string): SandboxMount => ({
      kind: "device",
      source: "/dev/zero",
      target,
      uid: 1000,
      gid: 0,
      mode: 0o640,
    });

    test("a device is usable at its target, below /dev and elsewhere, with its owner and mode", async () => {
      const overlay = context.root.overlay();
      const { stdout } = await shell(
        "for f in /dev/lent/zero /etc/lower-file; do head -c 3 $f | wc -c; stat -c '%a %u:%g %F' $f; done",
        { root: overlay, mounts: [device("/dev/lent/zero"), device("/etc/lower-file")] },
      );
      expect(stdout).toBe("3\n640 1000:0 character special file\n".repeat(2));
      expect(readdirSync(overlay.upperdir)).toEqual([]);
    });

    test("what is no device is refused", async () => {
      await expect(
        shell("true", { mounts: [{ ...device("/dev/lent"), source: "/etc/passwd" } as SandboxMount] }),
      ).rejects.toMatchObject({ code: "SANDBOX_START_FAILED" });
    });

    test("a privileged step has more devices, can use nodes that it makes, and may write to /sys", async () => {
      const { stdout } = await shell(
        "ls /dev; mknod /tmp/zero c 1 5; head -c 2 /tmp/zero | wc -c; mknod /dev/zero2 c 1 5; head -c 2 /dev/zero2 | wc -c; " +
          "grep ' /sys ' /proc/self/mountinfo; mount -t tmpfs none /mnt && echo mounted; ls /proc/sys/kernel | grep -c panic",
        { security: "insecure" },
      );
      const names = ["fuse", "kmsg", "kvm", "loop-control", "loop0", "loop7", "net", "null"];
      expect(stdout.split("\n")).toEqual(expect.arrayContaining(names));
      expect(stdout).toContain("2\n2\n");
      expect(stdout).toMatch(/ \/sys rw,/);
      expect(stdout).toContain("mounted");
    });

    test("a privileged step has its privileges whoever runs it", async () => {
      const { stdout } = await shell("grep -E '^Cap(Eff|Amb)' /proc/self/status; id -u", {
        security: "insecure",
        process: asUser,
      });
      const own = /^CapEff:\t(.*)$/m.exec(readFileSync("/proc/self/status", "utf8"))![1];
      expect(stdout).toBe(`CapEff:\t${own}\nCapAmb:\t${own}\n1000\n`);
    });
  });
}

/** A program that says hello to the socket of its argument and prints what it answers: Node, with the machine's libc. */
function socketClient(): { command: string; script: string; mounts: SandboxMount[] } {
  const libraries = execFileSync("ldd", [process.execPath], { encoding: "utf8" });
  const loader = realpathSync(/^\s*(\/\S*ld-\S+)/m.exec(libraries)?.[1] ?? "/lib/ld-linux.so");
  const libc = realpathSync(/libc\.\S* => (\S+)/.exec(libraries)?.[1] ?? loader);
  return {
    command: `/work/${path.basename(loader)} --library-path /work /opt/script /etc/ask.cjs`,
    script:
      'const c = require("net").connect(process.argv[2]); c.on("error", () => process.exit(1)); ' +
      'c.write("hello\\n"); c.pipe(process.stdout);',
    mounts: [
      { kind: "bind", source: path.dirname(libc), target: "/work", readonly: true },
      { kind: "bind", source: process.execPath, target: "/opt/script", readonly: true },
    ],
  };
}

/** Files below `folder` that contain `text`. */
function filesWith(folder: string, text: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .filter((file) => readFileSync(file).includes(text));
}
