import { describe, expect, test } from "vitest";
import { processesWith, ownSeconds } from "./processes-with.ts";
import type { SuiteContext } from "./suite-context.ts";
import type { SpecChanges, Outcome } from "./fixture-root.ts";

/** The process, its surroundings and its output. */
export function describeProcess(context: SuiteContext): void {
  const { run, shell, success, asUser } = context;
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
      const seconds = ownSeconds(1);
      const { exit, stdout } = await shell(`setsid sleep ${seconds} & echo done`);
      expect({ exit, stdout }).toEqual({ exit: success, stdout: "done\n" });
      expect(Date.now() - begin).toBeLessThan(20_000);
      expect(processesWith(seconds)).toEqual([]);
    });
  });
}

function sequence(last: number): string {
  return Array.from({ length: last }, (_, index) => `${index + 1}\n`).join("");
}
