import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { Writable } from "node:stream";
import { afterAll, describe, expect, test } from "vitest";
import { createEngine, type Entitlement } from "@slipway/engine";
import type { ProgressEvent } from "@slipway/engine-sdk";
import { hostPlatform } from "@slipway/oci";
import { requires, temporaryFolder } from "@slipway/testing";
import { slipway, type SlipwayResult } from "./harness/slipway.ts";
import { BUSYBOX, FROM_TOOLS, toolsContext } from "./harness/tools-image.ts";

requires({ root: true, paths: [BUSYBOX], anyCommandOf: [["crun", "runc"]] }).describe(
  "what steps may do",
  () => {
    const folder = temporaryFolder();
    afterAll(() => folder.remove());
    let count = 0;

    function context(...lines: string[]): string {
      return toolsContext(folder.join(`context-${++count}`), {
        dockerfile: `${FROM_TOOLS}${lines.join("\n")}\n`,
      });
    }

    function build(built: string, flags: readonly string[], driver = "namespaces"): Promise<SlipwayResult> {
      const env = { SLIPWAY_SANDBOX: driver };
      return slipway(["build", "--progress=plain", ...flags, built], {
        root: folder.join(`store-${count}`),
        env,
      });
    }

    function said(result: SlipwayResult): string[] {
      return [...result.stderr.matchAll(/^#\d+ [\d.]+ (.*)$/gm)].map((match) => match[1]!);
    }

    describe.each(["namespaces", "oci"])("in the sandbox %s", (driver) => {
      test("RUN --security=insecure has all privileges when that is allowed, and the other steps have not", async () => {
        const built = context(
          "RUN --security=insecure grep CapEff /proc/self/status; grep Seccomp: /proc/self/status; mkdir /m; mount -t tmpfs none /m && echo mounted; " +
            "mknod /zero c 1 5; head -c 3 /zero | wc -c; test -c /dev/kmsg && echo kmsg; grep ' /sys ' /proc/self/mountinfo | grep -c rw,",
          "RUN mount -t tmpfs none /m 2>/dev/null || echo refused; test -e /dev/kmsg || echo none",
        );
        const result = await build(built, ["--allow", "security.insecure"], driver);
        expect(result, result.stderr).toMatchObject({ code: 0 });
        const own = /^CapEff:\s*(\w+)/m.exec(readFileSync("/proc/self/status", "utf8"))![1];
        expect(said(result)).toEqual([
          `CapEff:\t${own}`,
          "Seccomp:\t0",
          "mounted",
          "3",
          "kmsg",
          "1",
          "refused",
          "none",
        ]);
      });

      test("limits of the command line are those of the steps", async () => {
        const built = context(
          "RUN ulimit -Sn; ulimit -Hn; ulimit -Sc; df -k /dev/shm | tail -n 1; grep test /etc/hosts",
        );
        const flags = [
          "--ulimit",
          "nofile=100:200",
          "--ulimit",
          "core=-1",
          "--shm-size",
          "3m",
          "--add-host",
          "test:10.0.0.9",
        ];
        const result = await build(built, flags, driver);
        expect(result, result.stderr).toMatchObject({ code: 0 });
        const [soft, hard, core, shm, host] = said(result);
        expect([soft, hard, core]).toEqual(["100", "200", "unlimited"]);
        expect(shm).toMatch(/\b3072\b/);
        expect(host).toBe("10.0.0.9\ttest");
      });

      test("devices are those that the machine describes and the build may have", async () => {
        const devices = folder.join(`devices-${++count}`);
        mkdirSync(devices);
        writeFileSync(
          path.join(devices, "vendor.json"),
          JSON.stringify({
            cdiVersion: "0.6.0",
            kind: "vendor.test/device",
            devices: [
              {
                name: "zero",
                containerEdits: {
                  env: ["DEVICE=zero"],
                  deviceNodes: [{ path: "/dev/lent/zero", hostPath: "/dev/zero", fileMode: 0o640, gid: 7 }],
                  mounts: [{ hostPath: devices, containerPath: "/opt/vendor", options: ["ro"] }],
                },
              },
            ],
          }),
        );
        let output = "";
        const run = async (device: string, entitlements: readonly Entitlement[]) => {
          const built = context(
            "RUN echo first",
            `RUN --device=${device} echo $DEVICE; head -c 4 /dev/lent/zero | wc -c; stat -c '%a %u:%g' /dev/lent/zero; ls /opt/vendor; touch /opt/vendor/x || echo refused`,
          );
          const engine = await createEngine({
            root: folder.join(`store-${count}`),
            sandbox: driver,
            deviceFolders: [devices],
          });
          output = "";
          const progress = (event: ProgressEvent): void => {
            if (event.kind === "log" && event.stream === "stdout")
              output += Buffer.from(event.data).toString();
          };
          try {
            const { checks } = await engine.doctor(new AbortController().signal);
            expect(checks).toContainEqual({ name: "devices", ok: true, detail: "vendor.test/device=zero" });
            await engine.build(
              {
                options: { filename: "Dockerfile" },
                platforms: [hostPlatform()],
                localDirs: { context: built, dockerfile: built },
                exports: [],
                entitlements,
                cwd: folder.path,
                stdout: new Writable(),
              },
              { signal: new AbortController().signal, progress },
            );
          } finally {
            await engine.close();
          }
          return output;
        };
        for (const [name, entitlement] of [
          ["vendor.test/device=zero,required", "device=vendor.test/device=zero"],
          ["vendor.test/device", "device"],
        ] as const) {
          expect(await run(name, [entitlement])).toBe("first\nzero\n4\n640 0:7\nvendor.json\nrefused\n");
        }
        // Before any step runs.
        await expect(run("vendor.test/device=zero", [])).rejects.toMatchObject({
          code: "DEVICE_NOT_ALLOWED",
          location: { line: 6 },
        });
        expect(output).toBe("");
        await expect(run("vendor.test/device=other,required", ["device"])).rejects.toMatchObject({
          code: "DEVICE_NOT_FOUND",
          location: { line: 6 },
        });
        expect(await run("vendor.test/device=other", [])).toBe("first\n\n0\nrefused\n");
      });
    });

    test("RUN --security=insecure is refused before any step runs, with its line and the flag to pass", async () => {
      const built = context("RUN echo ran", "RUN --security=insecure true");
      const result = await build(built, ["--allow", "device"]);
      expect(result.code).toBe(1);
      expect(said(result)).toEqual([]);
      expect(result.stderr).toContain("Dockerfile:6");
      expect(result.stderr).toContain("--allow security.insecure");
      // What it compiles to may be looked at.
      expect((await slipway(["ir", built], { root: folder.join("ir") })).code).toBe(0);
    });

    test("RUN --network=host needs no permission, and may be given it", async () => {
      const built = context("RUN --network=host true");
      expect((await build(built, [])).code).toBe(0);
      expect((await build(built, ["--allow", "network.host"])).code).toBe(0);
    });

    test("--cgroup-parent names a cgroup that exists", async () => {
      const missing = await build(context("RUN true"), ["--cgroup-parent", "/no/such/cgroup"]);
      expect(missing.code).toBe(1);
      expect(missing.stderr).toContain("there is no cgroup /no/such/cgroup");
    });

    requires({ checks: [() => (makeCgroup("probe") ? undefined : "a writable cgroup")] }).test(
      "--cgroup-parent is where steps run",
      async () => {
        const name = makeCgroup("parent")!;
        try {
          const result = await build(context("RUN cat /proc/self/cgroup"), ["--cgroup-parent", name]);
          expect(result, result.stderr).toMatchObject({ code: 0 });
          // Seen from inside of a cgroup namespace it is the root of the hierarchy.
          expect(said(result).some((line) => line.endsWith(":/"))).toBe(true);
        } finally {
          rmdirSync(folderOf(name));
        }
      },
    );
  },
);

function folderOf(name: string): string {
  const version1 = "/sys/fs/cgroup/memory";
  try {
    readFileSync(path.join(version1, "cgroup.procs"));
    return path.join(version1, name);
  } catch {
    return path.join("/sys/fs/cgroup", name);
  }
}

/** A new cgroup, by its path below the root; undefined when nobody may make one. */
function makeCgroup(purpose: string): string | undefined {
  const name = `/slipway-e2e-${purpose}-${process.pid}`;
  try {
    mkdirSync(folderOf(name));
    if (purpose === "probe") rmdirSync(folderOf(name));
    return name;
  } catch {
    return undefined;
  }
}
