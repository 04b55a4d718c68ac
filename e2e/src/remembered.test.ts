import { mkdirSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createEngine } from "@slipway/engine";
import { baseImageRequirements, pushBaseImage } from "@slipway/images";
import { hostPlatform } from "@slipway/oci";
import { requires, runCommand, startRegistry, temporaryFolder, type RegistryServer } from "@slipway/testing";

const needs = baseImageRequirements(["busybox"]);

// Builds that are remembered skip frontend and solver; what they take from registries and from steps is asked anew.
requires({ ...needs, root: true, commands: [...(needs.commands ?? []), "skopeo"] }).describe(
  "a remembered build",
  () => {
    const folder = temporaryFolder();
    let registry: RegistryServer;

    const build = async (options: Record<string, string> = {}): Promise<unknown> => {
      const context = folder.join("context");
      const engine = await createEngine({ root: folder.join("root"), codeIdentity: "test" });
      try {
        const { response } = await engine.build(
          {
            options: { filename: "Dockerfile", ...options },
            platforms: [hostPlatform()],
            localDirs: { context, dockerfile: context },
            exports: [{ type: "oci", attrs: { dest: folder.join("image.tar") } }],
            cwd: folder.path,
            stdout: process.stdout,
          },
          { signal: AbortSignal.timeout(120_000), progress: () => undefined },
        );
        return response["containerimage.digest"];
      } finally {
        await engine.close();
      }
    };

    beforeAll(async () => {
      registry = await startRegistry();
      await pushBaseImage("busybox", registry.host);
      mkdirSync(folder.join("context"));
      const base = `${registry.host}/base:moving`;
      await copyImage(`${registry.host}/busybox:latest`, base);
      writeFileSync(
        folder.join("context", "Dockerfile"),
        `FROM ${base}\nRUN cat /proc/sys/kernel/random/uuid > /id\nRUN cp /id /copy\n`,
      );
      await sleep(2200);
    }, 120_000);

    afterAll(async () => {
      await registry?.stop();
      folder.remove();
    });

    async function copyImage(from: string, to: string, ...flags: string[]): Promise<void> {
      await runCommand("skopeo", [
        ...["copy", "--src-tls-verify=false", "--dest-tls-verify=false", ...flags],
        ...[`docker://${from}`, `docker://${to}`],
      ]);
    }

    test(
      "has what --no-cache made since, and the image that the tag stands for since",
      { timeout: 180_000 },
      async () => {
        const first = await build();
        expect([await build(), await build(), await build()]).toEqual([first, first, first]);

        const anew = await build({ "no-cache": "" });
        expect(anew).not.toBe(first);
        expect([await build(), await build(), await build()]).toEqual([anew, anew, anew]);

        const other = folder.join("other");
        mkdirSync(other);
        writeFileSync(`${other}/Dockerfile`, `FROM ${registry.host}/busybox\nLABEL moved=yes\n`);
        const engine = await createEngine({ root: folder.join("root") });
        await engine.build(
          {
            options: { filename: "Dockerfile" },
            platforms: [hostPlatform()],
            localDirs: { context: other, dockerfile: other },
            exports: [{ type: "image", attrs: { name: `${registry.host}/base:moving`, push: "true" } }],
            cwd: folder.path,
            stdout: process.stdout,
          },
          { signal: AbortSignal.timeout(120_000), progress: () => undefined },
        );
        await engine.close();
        const moved = await build();
        expect(moved).not.toBe(anew);
        expect([await build(), await build()]).toEqual([moved, moved]);
      },
    );

    test("is not recalled when the registry is gone", { timeout: 180_000 }, async () => {
      await registry.stop();
      await expect(build()).rejects.toThrow();
    });
  },
);
