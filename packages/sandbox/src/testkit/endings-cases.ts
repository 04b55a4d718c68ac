import { execFileSync } from "node:child_process";
import path from "node:path";
import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { eventually, processesWith, ownSeconds } from "./processes-with.ts";
import type { SuiteContext } from "./suite-context.ts";

/** How a process ended. */
export function describeEndings(context: SuiteContext): void {
  const { run, shell, start, success, lastLine } = context;
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
      const seconds = ownSeconds(5);
      const running = shell(`sleep ${seconds}`);
      const pids = (): number[] => processesWith(`sleep\u0000${seconds}`);
      const shells = (): number[] =>
        processesWith(`sh\u0000-c\u0000sleep ${seconds}\u0000`).filter(
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

    test("a pipe that is named as the command is not waited for", async () => {
      const overlay = context.root.overlay();
      const pipe = path.join(overlay.upperdir, "pipe");
      execFileSync("mkfifo", ["-m", "777", pipe]);
      await expect(run(["/pipe"], { root: overlay })).rejects.toMatchObject({
        code: "COMMAND_NOT_EXECUTABLE",
      });
    });

    test("cgroupParent is the cgroup of the process, whose limits count, and must exist", async (task) => {
      const cgroup = makeMemoryCgroup(`slipway-parent-${process.pid}`, 256 * 1024 * 1024);
      if (cgroup === undefined) {
        if (process.env["SLIPWAY_REQUIRE_ALL"] === "1") expect.fail("needs a writable memory cgroup");
        return task.skip("needs a writable memory cgroup");
      }
      const cgroupParent = cgroup.replace(/^\/sys\/fs\/cgroup(\/memory)?/, "");
      try {
        let members = "";
        const spec = context.root.spec(["sh", "-c", "echo ready; sleep 0.2; tail /dev/zero"], {
          cgroupParent,
        });
        const exit = await context.driver.run(spec, {
          signal: new AbortController().signal,
          onOutput: () => (members = readFileSync(path.join(cgroup, "cgroup.procs"), "utf8")),
        });
        expect(members.trim().split("\n").length).toBeGreaterThan(0);
        expect(members).not.toBe("");
        expect(exit).toEqual({ kind: "out-of-memory" });
      } finally {
        await eventually(() => readFileSync(path.join(cgroup, "cgroup.procs"), "utf8") === "");
        rmdirSync(cgroup);
      }
      await expect(shell("true", { cgroupParent: "no/such" })).rejects.toMatchObject({
        code: "SANDBOX_CGROUP_UNUSABLE",
        family: "input",
      });
    });

    test("a process killed for want of memory is out-of-memory", async (task) => {
      const cgroup = makeMemoryCgroup(`slipway-test-${process.pid}`, 256 * 1024 * 1024);
      if (cgroup === undefined) {
        if (process.env["SLIPWAY_REQUIRE_ALL"] === "1") expect.fail("needs a writable memory cgroup");
        return task.skip("needs a writable memory cgroup");
      }
      try {
        const program = start(context.root.spec(["sh", "-c", "tail /dev/zero"]), { cgroup });
        expect(await lastLine(program)).toBe(JSON.stringify({ kind: "out-of-memory" }));
      } finally {
        await eventually(() => readFileSync(path.join(cgroup, "cgroup.procs"), "utf8") === "");
        rmdirSync(cgroup);
      }
    });
  });
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
