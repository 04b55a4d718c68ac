import { existsSync, mkdirSync } from "node:fs";
import { expect } from "vitest";
import { baseImageRequirements, pushBaseImage } from "@slipway/images";
import { requires, runCommand, startRegistry, temporaryFolder } from "@slipway/testing";
import { build, failingBuild } from "./harness/build.ts";
import { writeContext } from "./harness/context.ts";
import { executedRuns } from "./harness/progress.ts";

requires({ ...baseImageRequirements(["busybox"]), root: true }).test(
  "a full disk is an error that says so, and with room again the same build succeeds",
  async () => {
    using folder = temporaryFolder();
    await using registry = await startRegistry();
    await pushBaseImage("busybox", registry.host);
    const disk = folder.join("disk");
    mkdirSync(disk);
    await runCommand("mount", ["-t", "tmpfs", "-o", "size=16m", "slipway-e2e", disk]);
    try {
      const context = writeContext(folder.join("context"), {
        Dockerfile: `FROM ${registry.host}/busybox:latest\nRUN yes slipway | head -c 6000000 > /a\nCOPY big /big\nRUN cat /a /big | sha256sum > /sum\n`,
      });
      await runCommand("sh", ["-c", "head -c 12000000 /dev/urandom > big"], { cwd: context });
      const output = (dest: string): string[] => ["-o", `type=oci,rewrite-timestamp=true,dest=${dest}`];
      const env = { SOURCE_DATE_EPOCH: "1700000000" };
      const options = { root: `${disk}/root`, env, flags: output(`${disk}/image.tar`) };

      const failed = await failingBuild(context, options);
      expect(failed.code).toBe(1);
      expect(failed.stderr).toMatch(/no space left|disk.*full|ENOSPC/i);
      expect(failed.stderr).toMatch(/hint:/i);
      expect(existsSync(`${disk}/image.tar`)).toBe(false);

      await runCommand("mount", ["-o", "remount,size=256m", disk]);
      const good = await build(context, options);
      const elsewhere = await build(context, {
        ...options,
        root: folder.join("root"),
        flags: output(folder.join("image.tar")),
      });
      expect(executedRuns(elsewhere.executed)).toHaveLength(2);
      expect(good.digest).toBe(elsewhere.digest);
    } finally {
      await runCommand("umount", ["-l", disk]);
    }
  },
  120_000,
);
