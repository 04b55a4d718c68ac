import path from "node:path";
import { chmodSync, chownSync, existsSync, lstatSync, mkdtempSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { describe, expect, test } from "vitest";
import type { AddressInfo } from "node:net";
import type { SuiteContext } from "./suite-context.ts";

/** What keeps a process in. */
export function describeSeparation(context: SuiteContext): void {
  const { shell, success, asUser } = context;
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
      const overlay = context.root.overlay();
      const tries = ["/tmp/zero", "/dev/zero2", "/dev/shm/zero", "/mnt/zero", "/work/zero"];
      const { stdout } = await shell(
        tries.map((file) => `mknod ${file} c 1 5 && { head -c 1 ${file} 2>/dev/null | wc -c; }`).join("; "),
        {
          root: overlay,
          mounts: [
            { kind: "tmpfs", target: "/mnt" },
            {
              kind: "bind",
              source: mkdtempSync(path.join(context.root.folder, "dev-")),
              target: "/work",
              readonly: false,
            },
          ],
        },
      );
      expect(stdout).toBe("0\n".repeat(tries.length));
      expect(lstatSync(path.join(overlay.upperdir, "tmp/zero")).isCharacterDevice()).toBe(true);
    });

    test("owners and modes of the machine's own devices are out of reach, also through stdin", async () => {
      const rules = (): unknown =>
        ["/dev/null", "/dev/full"].map((file) => {
          const { uid, gid, mode } = statSync(file);
          return { uid, gid, mode };
        });
      const before = rules();
      try {
        await shell("chown 7:8 /dev/full /dev/null /dev/stdin; chmod 640 /dev/full; echo x > /dev/null");
        await shell("true", { process: { uid: 7, gid: 8 } });
        expect(rules()).toEqual(before);
      } finally {
        // Where they were in reach, nothing else on this machine should suffer.
        if (process.geteuid?.() === 0) for (const file of ["/dev/null", "/dev/full"]) chownSync(file, 0, 0);
        if (process.geteuid?.() === 0) chmodSync("/dev/full", 0o666);
      }
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
      const rootOf = context.root.overlay();
      await shell("echo 1 > /dev/shm/a; echo 1 > /tmp/b", { root: rootOf });
      expect(
        (
          await shell("ls /dev/shm /tmp | grep -v :", {
            root: { ...context.root.overlay(), lowerdirs: [rootOf.upperdir, context.root.lower] },
          })
        ).stdout.trim(),
      ).toBe("b");
      expect(existsSync(path.join(rootOf.upperdir, "dev"))).toBe(false);
    });
  });
}

function fields(status: string): Record<string, string> {
  return Object.fromEntries(
    [...status.matchAll(/^(\w+):\s*(\S+)$/gm)].map((match) => [match[1]!, match[2]!]),
  );
}
