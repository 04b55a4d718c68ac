import path from "node:path";
import { chmodSync, copyFileSync, mkdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { runToEnd } from "./fixture-root.ts";
import {
  eventually,
  processesMounting,
  processesWith,
  processesWithEnvironment,
  ownSeconds,
} from "./processes-with.ts";
import type { SuiteContext } from "./suite-context.ts";
import type { FixtureRoot } from "./fixture-root.ts";

/** What remains afterwards: nothing. */
export function describeLeftovers(context: SuiteContext): void {
  const { start, success, asUser, lastLine } = context;
  describe("leaves nothing behind", () => {
    const seconds = ownSeconds(3);
    const stubborn = `trap '' TERM INT HUP; (setsid sh -c 'trap "" TERM; sleep ${seconds}' &) ; echo ready; while :; do sleep ${seconds}; done`;

    test("an abort kills a process tree that ignores SIGTERM and forks away", async () => {
      const abort = new AbortController();
      const reason = new Error("enough");
      const spec = context.root.spec(["sh", "-c", stubborn]);
      const running = context.driver.run(spec, { onOutput: () => abort.abort(reason), signal: abort.signal });
      await expect(running).rejects.toBe(reason);
      expect(processesWith(seconds)).toEqual([]);
      expect(processesMounting(upperOf(spec.root))).toEqual([]);
    });

    test("an abort before the start starts nothing", async () => {
      const abort = AbortSignal.abort(new Error("never"));
      await expect(runToEnd(context.driver, context.root.spec(["true"]), abort)).rejects.toThrow("never");
    });

    test("SIGKILL of the calling process kills everything, setuid programs of other users as well", async () => {
      mkdirSync(path.join(context.root.lower, "setuid"));
      copyFileSync(path.join(context.root.lower, "bin/busybox"), path.join(context.root.lower, "setuid/sh"));
      chmodSync(path.join(context.root.lower, "setuid/sh"), 0o4755);
      const spec = context.root.spec(["/setuid/sh", "-c", stubborn], { process: asUser });
      const program = start(spec);
      await new Promise((resolve) => program.stdout!.once("data", resolve));
      expect(processesWith(seconds).length).toBeGreaterThan(0);
      program.kill("SIGKILL");
      await eventually(() => processesWith(seconds).length === 0);
      await eventually(() => processesMounting(upperOf(spec.root)).length === 0);
      expect(readFileSync("/proc/self/mountinfo", "utf8")).not.toContain(context.root.folder);
    });

    test("close ends what runs, and a run that it ended has failed", async () => {
      const own = context.fixtures.create(context.root.stateDir);
      const asleep = ownSeconds(4);
      const spec = context.root.spec(["sh", "-c", `echo ready; sleep ${asleep}`]);
      await expect(
        own.run(spec, { onOutput: () => void own.close(), signal: new AbortController().signal }),
      ).rejects.toMatchObject({ code: "SANDBOX_CLOSED" });
      expect(processesWith(asleep)).toEqual([]);
    });

    test("processes started ahead end with close", async () => {
      const stateDir = path.join(context.root.folder, "state-of-idle");
      const own = context.fixtures.create(stateDir);
      own.warm?.();
      own.warm?.();
      await own.close();
      expect(processesWithEnvironment(stateDir)).toEqual([]);
      own.warm?.();
      await expect(runToEnd(own, context.root.spec(["true"]))).resolves.toMatchObject({ exit: success });
      await own.close();
      expect(processesWithEnvironment(stateDir)).toEqual([]);
    });

    test("processes started ahead neither keep the caller alive nor outlive it", async () => {
      const stateDir = path.join(context.root.folder, "state-of-caller");
      const program = start(context.root.spec(["true"]), { stateDir, arguments: ["--leave-warm"] });
      expect(await lastLine(program)).toBe(JSON.stringify(success));
      await eventually(() => processesWithEnvironment(stateDir).length === 0);
    });

    test("one that was killed while it waited is replaced", async () => {
      const stateDir = path.join(context.root.folder, "state-of-killed");
      const own = context.fixtures.create(stateDir);
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
      await expect(runToEnd(own, context.root.spec(["true"]))).resolves.toMatchObject({ exit: success });
      await own.close();
    });
  });
}

function upperOf(root: ReturnType<FixtureRoot["spec"]>["root"]): string {
  return root.kind === "overlay" ? root.upperdir : root.path;
}
