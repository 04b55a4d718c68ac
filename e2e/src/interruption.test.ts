import { readdirSync } from "node:fs";
import { afterAll, beforeAll, expect, test } from "vitest";
import { baseImageRequirements, pushBaseImage } from "@slipway/images";
import { requires, runCommand, startRegistry, temporaryFolder, type RegistryServer } from "@slipway/testing";
import { build } from "./harness/build.ts";
import { writeContext } from "./harness/context.ts";
import { eventually, mountsBelow, processesWith } from "./harness/processes.ts";
import { executedRuns } from "./harness/progress.ts";
import { startSlipway } from "./harness/slipway.ts";

requires({ ...baseImageRequirements(["busybox"]), root: true }).describe(
  "a build that is interrupted",
  () => {
    const folder = temporaryFolder();
    let registry: RegistryServer;
    let contexts = 0;

    beforeAll(async () => {
      registry = await startRegistry();
      await pushBaseImage("busybox", registry.host);
    }, 120_000);

    afterAll(async () => {
      await registry?.stop();
      folder.remove();
    });

    /** The second RUN takes as long as its file of the context says; the number marks its processes. */
    function slowContext(seconds: string): { context: string; marker: string } {
      const context = writeContext(folder.join(`context-${++contexts}`), {
        Dockerfile: [
          `FROM ${registry.host}/busybox:latest`,
          "RUN echo one > /one",
          `RUN --mount=type=bind,target=/ctx echo half > /half; echo waiting; sleep $(cat /ctx/seconds) & wait; mv /half /whole`,
          "RUN cat /one /whole > /both",
        ].join("\n"),
        seconds,
      });
      return { context, marker: `sleep ${seconds}` };
    }

    test(
      "by Ctrl-C in the middle of a RUN ends with 130 and leaves no process and no mount",
      { timeout: 180_000 },
      async () => {
        const root = folder.join("root-interrupt");
        const { context, marker } = slowContext("271.8281");
        const running = startSlipway(["build", "--progress=plain", context], { root });
        await running.printed("waiting\n");
        await eventually("the step sleeps", () => processesWith(marker).length > 0);
        process.kill(-running.child.pid!, "SIGINT");
        const { code, durationMs } = await running.ended();
        expect(code).toBe(130);
        expect(durationMs).toBeLessThan(40_000);
        expect(processesWith(marker)).toEqual([]);
        expect(mountsBelow(root)).toEqual([]);
      },
    );

    test(
      "by kill -9 in the middle of a RUN leaves nothing running, and the next build is right",
      { timeout: 180_000 },
      async () => {
        const root = folder.join("root-kill");
        const { context, marker } = slowContext("314.1592");
        const running = startSlipway(["build", "--progress=plain", context], { root });
        await running.printed("waiting\n");
        await eventually("the step sleeps", () => processesWith(marker).length > 0);
        process.kill(running.child.pid!, "SIGKILL");
        await running.ended();
        await eventually("the step's processes are gone", () => processesWith(marker).length === 0);

        writeContext(context, { seconds: "0.1" });
        const out = folder.join("out-kill");
        const next = await build(context, { root, flags: ["-o", `type=local,dest=${out}`] });
        expect(executedRuns(next.executed).join("\n")).not.toContain("echo one");
        expect(readdirSync(out).filter((name) => /^(one|half|whole|both)$/.test(name))).toEqual([
          "both",
          "one",
          "whole",
        ]);
        expect((await runCommand("cat", [`${out}/both`])).stdout).toBe("one\nhalf\n");
        expect(mountsBelow(root)).toEqual([]);
      },
    );

    test(
      "at any moment by kill -9 has the digest of a build that was left alone",
      { timeout: 180_000 },
      async () => {
        const context = writeContext(folder.join("context-many"), {
          Dockerfile: [
            `FROM ${registry.host}/busybox:latest`,
            ...Array.from({ length: 6 }, (_, n) => `COPY f${n} /f${n}\nRUN cat /f* > /sum${n}`),
          ].join("\n"),
          ...Object.fromEntries(
            Array.from({ length: 6 }, (_, n) => [`f${n}`, `${n}\n`.repeat(1000 * (n + 1))]),
          ),
        });
        const image = (root: string) => ({
          root,
          env: { SOURCE_DATE_EPOCH: "1700000000" },
          flags: ["-o", `type=oci,rewrite-timestamp=true,dest=${folder.join("image.tar")}`],
        });
        const alone = await build(context, image(folder.join("root-alone")));
        const root = folder.join("root-killed");
        // Every kill comes a little later than the one before, from before the first step to the end of the build.
        const stepMs = Math.max(40, alone.durationMs / 8);
        for (let attempt = 1; attempt <= 8; attempt++) {
          const running = startSlipway(["build", "--progress=plain", context], { root });
          await new Promise((resolve) => setTimeout(resolve, stepMs * attempt));
          running.child.kill("SIGKILL");
          await running.ended();
        }
        expect((await build(context, image(root))).digest).toBe(alone.digest);
      },
    );
  },
);
