import { spawn, type ChildProcess } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import path from "node:path";
import type { SandboxDriver } from "@slipway/engine-sdk";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  makeFixtureRoot,
  missingForFixtures,
  runToEnd,
  type FixtureRoot,
  type Outcome,
  type SpecChanges,
} from "./fixture-root.ts";
import { eventually, processesMounting, processesWith, processesWithEnvironment } from "./processes-with.ts";
import { crashingProgram } from "../tiny-program.ts";

export interface SandboxFixtures {
  /** Makes the driver under test; its state goes into `stateDir`. */
  create(stateDir: string): SandboxDriver;
  /**
   * A program (for `node`) that makes the driver with its first argument as `stateDir` and calls `runSpecFromStdin`.
   * The suite kills it with SIGKILL, and puts it into a cgroup of its own.
   */
  readonly program: URL;
  /** Further arguments of that program. */
  readonly programArgs?: readonly string[];
  /** Node's options for it. */
  readonly execArgv?: readonly string[];
  /** What the driver needs and this machine lacks; undefined when nothing. */
  missing?(): string | undefined;
}

/** The conformance tests of a sandbox driver: what every build step may rely on. Needs root and a static busybox. */
export function describeSandbox(name: string, fixtures: SandboxFixtures): void {
  const missing = missingForFixtures() ?? fixtures.missing?.();
  const title = `the ${name} sandbox`;
  if (missing === undefined) describe(title, () => suite(fixtures));
  else if (process.env["SLIPWAY_REQUIRE_ALL"] === "1") test(title, () => expect.fail(missing));
  else describe.skip(`${title} [skipped: ${missing}]`, () => suite(fixtures));
}

function suite(fixtures: SandboxFixtures): void {
  let root: FixtureRoot;
  let driver: SandboxDriver;
  beforeAll(() => {
    root = makeFixtureRoot();
    writeFileSync(path.join(root.lower, "bin/segfault"), crashingProgram(), { mode: 0o755 });
    driver = fixtures.create(root.stateDir);
  });
  afterAll(async () => {
    await driver.close();
    root.remove();
  });
  const run = (args: readonly string[], changes?: SpecChanges): Promise<Outcome> =>
    runToEnd(driver, root.spec(args, changes));
  const shell = (script: string, changes?: SpecChanges): Promise<Outcome> =>
    run(["sh", "-c", script], changes);
  const success = { kind: "exited", code: 0 };
  const asUser = { uid: 1000, gid: 1001, additionalGids: [1002, 1003] };

  describe("tells how a process ended", () => {
    test("an exit status is passed on", async () => {
      expect((await run(["true"])).exit).toEqual(success);
      expect((await shell("exit 3")).exit).toEqual({ kind: "exited", code: 3 });
      expect((await shell("exit 255")).exit).toEqual({ kind: "exited", code: 255 });
    });

    test("a crash is its signal, and an exit status of 128 and more is no signal", async () => {
      expect((await run(["segfault"])).exit).toEqual({ kind: "signaled", signal: "SIGSEGV" });
      expect((await shell("exit 139")).exit).toEqual({ kind: "exited", code: 139 });
      expect((await shell("exit 137")).exit).toEqual({ kind: "exited", code: 137 });
    });

    test("a status of 1 after complaints on stderr is no signal", async () => {
      expect(await shell("echo unshare: child exit failed >&2; exit 1")).toEqual({
        exit: { kind: "exited", code: 1 },
        stdout: "",
        stderr: "unshare: child exit failed\n",
      });
    });

    test("a kill from outside is SIGKILL", async () => {
      const running = shell("sleep 1000.25");
      const pids = (): number[] => processesWith("sleep\u00001000.25");
      const shells = (): number[] =>
        processesWith("sh\u0000-c\u0000sleep 1000.25\u0000").filter(
          (pid) => readFileSync(`/proc/${pid}/comm`, "utf8") !== "node\n",
        );
      await eventually(() => pids().length + shells().length > 0);
      for (const pid of pids().length > 0 ? pids() : shells()) process.kill(pid, "SIGKILL");
      const { exit } = await running;
      // The shell, if it is still there, says in its way that its child was killed.
      expect([
        { kind: "signaled", signal: "SIGKILL" },
        { kind: "exited", code: 137 },
      ]).toContainEqual(exit);
    });

    test("a program that is not there is COMMAND_NOT_FOUND", async () => {
      await expect(run(["no-such-program"])).rejects.toMatchObject({
        code: "COMMAND_NOT_FOUND",
        family: "input",
      });
      await expect(run(["/no/such/program"])).rejects.toMatchObject({ code: "COMMAND_NOT_FOUND" });
      await expect(run(["true"], { process: { env: ["PATH=/opt"] } })).rejects.toMatchObject({
        code: "COMMAND_NOT_FOUND",
      });
    });

    test("a file that can't be executed is COMMAND_NOT_EXECUTABLE", async () => {
      for (const file of ["/opt/not-executable", "/opt", "/opt/no-interpreter"]) {
        await expect(run([file]), file).rejects.toMatchObject({
          code: "COMMAND_NOT_EXECUTABLE",
          family: "input",
        });
      }
    });

    test("a process killed for want of memory is out-of-memory", async (context) => {
      const cgroup = makeMemoryCgroup(`slipway-test-${process.pid}`, 256 * 1024 * 1024);
      if (cgroup === undefined) return context.skip("no writable memory cgroup");
      try {
        const program = start(root.spec(["sh", "-c", "tail /dev/zero"]), { cgroup });
        expect(await lastLine(program)).toBe(JSON.stringify({ kind: "out-of-memory" }));
      } finally {
        await eventually(() => readFileSync(path.join(cgroup, "cgroup.procs"), "utf8") === "");
        rmdirSync(cgroup);
      }
    });
  });

  describe("runs what it is told to", () => {
    test("a name is searched for in PATH, a path is taken from the working folder", async () => {
      const script = (args: string[], changes: SpecChanges["process"]): Promise<Outcome> =>
        run(args, { process: changes });
      expect((await script(["script", "1", "2"], { env: ["PATH=/nowhere:/opt:/bin"] })).stdout).toBe(
        "script ran with 2 arguments\n",
      );
      expect((await script(["./script"], { cwd: "/opt" })).stdout).toBe("script ran with 0 arguments\n");
      expect((await script(["opt/script", ""], {})).stdout).toBe("script ran with 1 arguments\n");
    });

    test("the environment is that of the spec and nothing else", async () => {
      const env = ["PATH=/bin", "EMPTY=", "WITH_EQUALS=a=b", "SPACES= x  y ", "UNICODE=ü✓", "1=one"];
      const { stdout } = await run(["env"], { process: { env } });
      // runc adds a HOME where there is none.
      expect(
        stdout
          .split("\n")
          .filter((line) => line !== "" && !line.startsWith("HOME="))
          .sort(),
      ).toEqual([...env].sort());
    });

    test("the working folder, the hostname and the arguments are those of the spec", async () => {
      const { stdout } = await run(
        ["sh", "-c", 'pwd; hostname; for a; do echo "[$a]"; done', "sh", "a b", "", "ü\n"],
        {
          hostname: "step-7",
          process: { cwd: "/etc" },
        },
      );
      expect(stdout).toBe("/etc\nstep-7\n[a b]\n[]\n[ü\n]\n");
    });

    test("user, group and further groups are those of the spec", async () => {
      const { stdout } = await shell(
        "id -u; id -g; id -G; echo 1 > /tmp/own; stat -c %u:%g:%a /tmp/own; cat </dev/stdin; echo x >/dev/stdout",
        { process: asUser },
      );
      expect(stdout).toBe("1000\n1001\n1001 1002 1003\n1000:1001:644\nx\n");
    });

    test("limits are those of the spec, and open files have a sensible default", async () => {
      const { stdout } = await shell("ulimit -Sn; ulimit -Sn; ulimit -Hn; ulimit -Sc", {
        ulimits: [
          { name: "nofile", soft: 100, hard: 200 },
          { name: "core", soft: 0, hard: -1 },
        ],
      });
      expect(stdout).toBe("100\n100\n200\n0\n");
      expect((await shell("ulimit -Sn")).stdout).toBe("1024\n");
      await expect(
        run(["true"], { ulimits: [{ name: "nonsense", soft: 1, hard: 1 }] }),
      ).rejects.toMatchObject({ code: "SANDBOX_ULIMIT_UNKNOWN" });
    });

    test("standard input is empty, no further descriptor is open, no signal is ignored or blocked", async () => {
      const { stdout } = await shell(
        "wc -c; ls /proc/self/fd | wc -l; readlink /proc/self/fd/0; grep -E 'SigBlk|SigIgn' /proc/self/status; umask",
      );
      expect(stdout).toBe("0\n4\n/dev/null\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n0022\n");
    });

    test("it is process 1 of its namespace and leads its session", async () => {
      const { stdout } = await run([
        "sh",
        "-c",
        "echo $$; cut -d' ' -f 6 /proc/1/stat 2>/dev/null || awk '{print $6}' /proc/1/stat",
      ]);
      expect(stdout).toBe("1\n1\n");
    });
  });

  describe("passes on output", () => {
    test("much output on both streams arrives whole and in order", async () => {
      const { exit, stdout, stderr } = await shell("seq 1 200000 & seq 1 150000 >&2; wait; echo end");
      expect(exit).toEqual(success);
      expect(stdout).toBe(`${sequence(200000)}end\n`);
      expect(stderr).toBe(sequence(150000));
    });

    test("/dev/stdout and /dev/stderr can be opened again", async () => {
      expect(await shell("echo out >/dev/stdout; echo err >/dev/stderr; echo more >> /dev/stderr")).toEqual({
        exit: success,
        stdout: "out\n",
        stderr: "err\nmore\n",
      });
    });

    test("a process left in the background ends with the first and holds nothing up", async () => {
      const begin = Date.now();
      const { exit, stdout } = await shell("setsid sleep 1000.5 & echo done");
      expect({ exit, stdout }).toEqual({ exit: success, stdout: "done\n" });
      expect(Date.now() - begin).toBeLessThan(5000);
      expect(processesWith("1000.5")).toEqual([]);
    });
  });

  describe("leaves nothing behind", () => {
    const stubborn =
      "trap '' TERM INT HUP; (setsid sh -c 'trap \"\" TERM; sleep 1000.75' &) ; echo ready; while :; do sleep 1000.75; done";

    test("an abort kills a process tree that ignores SIGTERM and forks away", async () => {
      const abort = new AbortController();
      const reason = new Error("enough");
      const spec = root.spec(["sh", "-c", stubborn]);
      const running = driver.run(spec, { onOutput: () => abort.abort(reason), signal: abort.signal });
      await expect(running).rejects.toBe(reason);
      expect(processesWith("1000.75")).toEqual([]);
      expect(processesMounting(upperOf(spec.root))).toEqual([]);
    });

    test("an abort before the start starts nothing", async () => {
      const abort = AbortSignal.abort(new Error("never"));
      await expect(runToEnd(driver, root.spec(["true"]), abort)).rejects.toThrow("never");
    });

    test("SIGKILL of the calling process kills everything, setuid programs of other users as well", async () => {
      mkdirSync(path.join(root.lower, "setuid"));
      copyFileSync(path.join(root.lower, "bin/busybox"), path.join(root.lower, "setuid/sh"));
      chmodSync(path.join(root.lower, "setuid/sh"), 0o4755);
      const spec = root.spec(["/setuid/sh", "-c", stubborn], { process: asUser });
      const program = start(spec);
      await new Promise((resolve) => program.stdout!.once("data", resolve));
      expect(processesWith("1000.75").length).toBeGreaterThan(0);
      program.kill("SIGKILL");
      await eventually(() => processesWith("1000.75").length === 0);
      await eventually(() => processesMounting(upperOf(spec.root)).length === 0);
      expect(readFileSync("/proc/self/mountinfo", "utf8")).not.toContain(root.folder);
    });

    test("close ends what runs, and a run that it ended has failed", async () => {
      const own = fixtures.create(root.stateDir);
      const spec = root.spec(["sh", "-c", "echo ready; sleep 1000.125"]);
      await expect(
        own.run(spec, { onOutput: () => void own.close(), signal: new AbortController().signal }),
      ).rejects.toMatchObject({ code: "SANDBOX_CLOSED" });
      expect(processesWith("1000.125")).toEqual([]);
    });

    test("processes started ahead end with close", async () => {
      const stateDir = path.join(root.folder, "state-of-idle");
      const own = fixtures.create(stateDir);
      own.warm?.();
      own.warm?.();
      await own.close();
      expect(processesWithEnvironment(stateDir)).toEqual([]);
      own.warm?.();
      await expect(runToEnd(own, root.spec(["true"]))).resolves.toMatchObject({ exit: success });
      await own.close();
      expect(processesWithEnvironment(stateDir)).toEqual([]);
    });

    test("processes started ahead neither keep the caller alive nor outlive it", async () => {
      const stateDir = path.join(root.folder, "state-of-caller");
      const program = start(root.spec(["true"]), { stateDir, arguments: ["--leave-warm"] });
      expect(await lastLine(program)).toBe(JSON.stringify(success));
      await eventually(() => processesWithEnvironment(stateDir).length === 0);
    });

    test("one that was killed while it waited is replaced", async () => {
      const stateDir = path.join(root.folder, "state-of-killed");
      const own = fixtures.create(stateDir);
      own.warm?.();
      await eventually(() => own.warm === undefined || processesWithEnvironment(stateDir).length > 0);
      for (const pid of processesWithEnvironment(stateDir)) {
        try {
          process.kill(pid, "SIGKILL");
        } catch {
          // it went with another
        }
      }
      await eventually(() => processesWithEnvironment(stateDir).length === 0);
      await expect(runToEnd(own, root.spec(["true"]))).resolves.toMatchObject({ exit: success });
      await own.close();
    });
  });

  describe("separates", () => {
    test("network none has a loopback interface and nothing else", async () => {
      const { stdout } = await shell("ls /sys/class/net; ifconfig lo | grep -c 'UP LOOPBACK'");
      expect(stdout).toBe("lo\n1\n");
    });

    test("network host reaches servers of this machine", async () => {
      const server = createServer((_, response) => response.end("hello from the host"));
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      try {
        const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
        expect(await shell(`wget -q -O - ${url}`, { network: "host" })).toMatchObject({
          exit: success,
          stdout: "hello from the host",
        });
        expect((await shell(`wget -q -O - ${url}`)).exit).not.toEqual(success);
      } finally {
        server.close();
      }
    });

    test("capabilities are Docker's defaults, no_new_privs is off, a seccomp filter is on", async () => {
      const { stdout } = await shell("grep -E '^(Cap|NoNewPrivs|Seccomp:)' /proc/self/status");
      expect(fields(stdout)).toEqual({
        CapInh: "0000000000000000",
        CapPrm: "00000000a80425fb",
        CapEff: "00000000a80425fb",
        CapBnd: "00000000a80425fb",
        CapAmb: "0000000000000000",
        NoNewPrivs: "0",
        Seccomp: "2",
      });
    });

    test("users other than root have no capabilities", async () => {
      const { stdout } = await shell("grep -E '^Cap' /proc/self/status", { process: asUser });
      expect(fields(stdout)).toMatchObject({
        CapPrm: "0000000000000000",
        CapEff: "0000000000000000",
        CapBnd: "00000000a80425fb",
      });
    });

    test("insecure keeps all capabilities and has no filter", async () => {
      const { stdout } = await shell(
        "grep -E '^(CapEff|Seccomp:)' /proc/self/status; umount /dev/shm && echo unmounted",
        { security: "insecure" },
      );
      const own = fields(readFileSync("/proc/self/status", "utf8"))["CapEff"];
      expect(fields(stdout)).toMatchObject({ CapEff: own, Seccomp: "0" });
      expect(stdout).toContain("unmounted");
    });

    test("system calls that lead out are refused", async () => {
      for (const command of [
        "mount -t tmpfs none /mnt",
        "umount /dev/shm",
        "unshare -m true",
        "unshare -U true",
        "hostname other",
        "mount -o remount,rw /proc/sys",
      ]) {
        const { exit } = await shell(`${command} 2>/dev/null`);
        expect(exit, command).not.toEqual(success);
      }
    });

    test("paths that Docker masks look empty, those that it protects can't be written", async () => {
      const { stdout, stderr } = await shell(
        "for f in kcore keys timer_list sched_debug; do test -e /proc/$f && wc -c < /proc/$f; done; ls /sys/firmware /proc/acpi /proc/scsi 2>/dev/null | grep -v :; " +
          "echo 1 > /proc/sys/kernel/panic || echo refused; echo h > /proc/sysrq-trigger || echo refused; touch /sys/x || echo refused",
      );
      const words = stdout.trim().split(/\s+/);
      expect(words.filter((word) => word !== "0")).toEqual(["refused", "refused", "refused"]);
      expect(stderr).toMatch(/read-only/i);
    });

    test("device nodes can be made, and be part of a layer, but not be used", async () => {
      const overlay = root.overlay();
      const tries = ["/tmp/zero", "/dev/zero2", "/dev/shm/zero", "/mnt/zero", "/work/zero"];
      const { stdout } = await shell(
        tries.map((file) => `mknod ${file} c 1 5 && { head -c 1 ${file} 2>/dev/null | wc -c; }`).join("; "),
        {
          root: overlay,
          mounts: [
            { kind: "tmpfs", target: "/mnt" },
            {
              kind: "bind",
              source: mkdtempSync(path.join(root.folder, "dev-")),
              target: "/work",
              readonly: false,
            },
          ],
        },
      );
      expect(stdout).toBe("0\n".repeat(tries.length));
      expect(lstatSync(path.join(overlay.upperdir, "tmp/zero")).isCharacterDevice()).toBe(true);
    });

    test("/dev has what Docker's has and no disk", async () => {
      const { stdout } = await shell(
        "ls /dev; head -c 3 /dev/zero | wc -c; head -c 5 /dev/urandom | wc -c; echo x > /dev/null; stat -c %a /dev/null /dev/shm; echo y > /dev/full || echo full",
      );
      const [names, rest] = [stdout.split("3\n5\n")[0]!.trim().split("\n"), stdout.split("3\n5\n")[1]];
      expect(names.filter((name) => name !== "core" && name !== "console")).toEqual([
        "fd",
        "full",
        "mqueue",
        "null",
        "ptmx",
        "pts",
        "random",
        "shm",
        "stderr",
        "stdin",
        "stdout",
        "tty",
        "urandom",
        "zero",
      ]);
      expect(rest).toBe("666\n1777\nfull\n");
    });

    test("/dev/shm is memory of the sandbox alone, /tmp is part of the root", async () => {
      const rootOf = root.overlay();
      await shell("echo 1 > /dev/shm/a; echo 1 > /tmp/b", { root: rootOf });
      expect(
        (
          await shell("ls /dev/shm /tmp | grep -v :", {
            root: { ...root.overlay(), lowerdirs: [rootOf.upperdir, root.lower] },
          })
        ).stdout.trim(),
      ).toBe("b");
      expect(existsSync(path.join(rootOf.upperdir, "dev"))).toBe(false);
    });
  });

  describe("mounts", () => {
    test("changes land in the upper folder: new, changed and deleted files, nothing else", async () => {
      const overlay = root.overlay();
      const { exit } = await shell(
        "echo new > /work/new; echo more >> /etc/passwd; rm /etc/lower-file; rm -r /opt; mkdir /opt; touch /opt/x",
        { root: overlay },
      );
      expect(exit).toEqual(success);
      const at = (name: string): string => path.join(overlay.upperdir, name);
      expect(readFileSync(at("work/new"), "utf8")).toBe("new\n");
      expect(readFileSync(at("etc/passwd"), "utf8")).toBe("root:x:0:0::/root:/bin/sh\nmore\n");
      const whiteout = lstatSync(at("etc/lower-file"));
      expect([whiteout.isCharacterDevice(), whiteout.rdev]).toEqual([true, 0]);
      expect(readdirSync(overlay.upperdir).sort()).toEqual(["etc", "opt", "work"]);
      expect(readdirSync(at("opt"))).toEqual(["x"]);
      expect(existsSync(path.join(root.lower, "etc/lower-file"))).toBe(true);
    });

    test("renaming a folder of a lower layer copies it instead of leaving a redirect", async () => {
      const overlay = root.overlay();
      expect(
        (await shell("mv /opt /opt2 && chmod 700 /etc/lower-file && ls /opt2 | wc -l", { root: overlay }))
          .stdout,
      ).toBe("4\n");
      expect(readdirSync(path.join(overlay.upperdir, "opt2")).length).toBe(4);
      expect(statSync(path.join(overlay.upperdir, "etc/lower-file")).size).toBe(21);
    });

    test("a folder can be the root", async () => {
      const before = readdirSync(root.lower);
      const folder = path.join(root.folder, "folder-root");
      mkdirSync(folder);
      for (const name of ["bin", "tmp"]) mkdirSync(path.join(folder, name));
      writeFileSync(path.join(folder, "bin/sh"), readFileSync(path.join(root.lower, "bin/busybox")), {
        mode: 0o755,
      });
      const { exit } = await shell("echo here > /tmp/x", { root: { kind: "folder", path: folder } });
      expect(exit).toEqual(success);
      expect(readFileSync(path.join(folder, "tmp/x"), "utf8")).toBe("here\n");
      expect(readdirSync(root.lower)).toEqual(before);
    });

    test("bind mounts of folders and files are writable or not, as asked, and stay so", async () => {
      const source = path.join(root.folder, "bind");
      mkdirSync(path.join(source, "inner"), { recursive: true });
      writeFileSync(path.join(source, "file"), "content\n");
      const mount = (target: string, from: string, readonly: boolean) =>
        ({ kind: "bind", source: from, target, readonly }) as const;
      const { stdout } = await shell(
        "cat /mnt/file /etc/lower-file; echo x > /mnt/new || echo refused; echo x > /etc/lower-file || echo refused; mount -o remount,bind,rw /mnt 2>/dev/null || echo refused; touch /work/rw; ls /work",
        {
          mounts: [
            mount("/mnt", source, true),
            mount("/etc/lower-file", path.join(source, "file"), true),
            mount("/work", path.join(source, "inner"), false),
          ],
        },
      );
      expect(stdout).toBe("content\ncontent\nrefused\nrefused\nrefused\nrw\n");
      expect(readdirSync(path.join(source, "inner"))).toEqual(["rw"]);
    });

    test("tmpfs mounts have the size and mode asked for", async () => {
      const { stdout } = await shell(
        "stat -c %a /mnt /work; dd if=/dev/zero of=/mnt/x bs=1k count=2000 2>/dev/null || echo full",
        {
          mounts: [
            { kind: "tmpfs", target: "/mnt", sizeBytes: 1024 * 1024, mode: 0o700 },
            { kind: "tmpfs", target: "/work" },
          ],
        },
      );
      expect(stdout).toBe("700\n1777\nfull\n");
    });

    test("overlay mounts show a part of a chain of layers", async () => {
      const at = (name: string): string => path.join(root.folder, "chain", name);
      for (const name of ["a/part/x", "b/part", "up", "wk"]) mkdirSync(at(name), { recursive: true });
      writeFileSync(at("a/part/from-a"), "a");
      writeFileSync(at("b/part/from-b"), "b");
      const lowerdirs = [at("b"), at("a")];
      const { stdout } = await shell(
        "ls /mnt /work | sort; touch /mnt/no 2>/dev/null || echo refused; touch /work/yes; echo 1 > /opt/single || echo refused",
        {
          mounts: [
            { kind: "overlay", lowerdirs, subpath: "part", target: "/mnt" },
            {
              kind: "overlay",
              lowerdirs,
              upperdir: at("up"),
              workdir: at("wk"),
              subpath: "",
              target: "/work",
            },
            { kind: "overlay", lowerdirs: [at("a")], subpath: "", target: "/opt" },
          ],
        },
      );
      expect(
        stdout
          .trim()
          .split("\n")
          .filter((line) => line !== ""),
      ).toEqual(["/mnt:", "/work:", "from-a", "from-b", "part", "x", "refused", "refused"]);
      expect(readdirSync(at("up"))).toEqual(["yes"]);
    });

    test("an overlay's subpath and a mount's target can't lead out through a symlink", async () => {
      const at = path.join(root.folder, "hostile");
      mkdirSync(path.join(at, "etc"), { recursive: true });
      symlinkSync("/etc", path.join(at, "link"));
      writeFileSync(path.join(at, "etc/inside"), "");
      const { stdout } = await shell("ls /mnt", {
        mounts: [{ kind: "overlay", lowerdirs: [at, root.lower], subpath: "link", target: "/mnt" }],
      });
      expect(stdout).toContain("inside");
      expect(stdout).not.toContain("hosts");
    });

    test("layers whose paths do not fit into one page of options are mounted all the same", async () => {
      const layers = Array.from({ length: 40 }, (_, index) =>
        path.join(root.folder, "long", `${"x".repeat(120)}-${index}`),
      );
      for (const [index, layer] of layers.entries()) {
        mkdirSync(layer, { recursive: true });
        writeFileSync(path.join(layer, `layer-${index}`), "");
      }
      const overlay = root.overlay();
      const outcome = shell("ls / | grep -c layer", {
        root: { ...overlay, lowerdirs: [...layers, root.lower] },
      });
      await expect(
        outcome.then(
          ({ stdout }) => stdout,
          (error: { code: string }) => error.code,
        ),
      ).resolves.toMatch(/^(40\n|SANDBOX_TOO_MANY_LAYERS)$/);
    });
  });

  test("eight at once do not disturb each other", async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        shell(`echo ${index} > /tmp/n; hostname; sleep 0.1; cat /tmp/n; exit ${index}`, {
          hostname: `host-${index}`,
        }),
      ),
    );
    expect(outcomes).toEqual(
      outcomes.map((_, index) => ({
        exit: { kind: "exited", code: index },
        stdout: `host-${index}\n${index}\n`,
        stderr: "",
      })),
    );
  });

  test("the probe finds it available", async () => {
    await expect(driver.probe(new AbortController().signal)).resolves.toMatchObject({
      available: true,
      driver: driver.name,
    });
  });

  function start(
    spec: ReturnType<FixtureRoot["spec"]>,
    {
      cgroup,
      stateDir = root.stateDir,
      arguments: extra = [],
    }: { cgroup?: string; stateDir?: string; arguments?: string[] } = {},
  ): ChildProcess {
    const node = [
      process.execPath,
      ...(fixtures.execArgv ?? []),
      fixtures.program.pathname,
      stateDir,
      ...(fixtures.programArgs ?? []),
      ...extra,
    ];
    const command =
      cgroup === undefined ? node : ["sh", "-c", 'echo $$ > "$0"/cgroup.procs && exec "$@"', cgroup, ...node];
    const child = spawn(command[0]!, command.slice(1), { stdio: ["pipe", "pipe", "inherit"] });
    child.stdin!.end(JSON.stringify(spec));
    return child;
  }
}

async function lastLine(program: ChildProcess): Promise<string> {
  let text = "";
  program.stdout!.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
  await new Promise((resolve) => program.on("close", resolve));
  return text.trim().split("\n").at(-1)!;
}

/** A new memory cgroup below that of this process; undefined when the machine lets nobody make one. */
function makeMemoryCgroup(name: string, limitBytes: number): string | undefined {
  const line = readFileSync("/proc/self/cgroup", "utf8")
    .split("\n")
    .find((text) => /:([^:]*,)?memory(,[^:]*)?:|^0::/.test(text));
  const [, controllers, own] = line?.split(":") ?? [];
  const version1 = controllers !== "";
  const folder = path.join(version1 ? "/sys/fs/cgroup/memory" : "/sys/fs/cgroup", own ?? "", name);
  try {
    mkdirSync(folder);
    writeFileSync(path.join(folder, version1 ? "memory.limit_in_bytes" : "memory.max"), String(limitBytes));
    return folder;
  } catch {
    if (existsSync(folder)) rmdirSync(folder);
    return undefined;
  }
}

function upperOf(root: ReturnType<FixtureRoot["spec"]>["root"]): string {
  return root.kind === "overlay" ? root.upperdir : root.path;
}

function sequence(last: number): string {
  return Array.from({ length: last }, (_, index) => `${index + 1}\n`).join("");
}

function fields(status: string): Record<string, string> {
  return Object.fromEntries(
    [...status.matchAll(/^(\w+):\s*(\S+)$/gm)].map((match) => [match[1]!, match[2]!]),
  );
}
