import { writeFileSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { baseImageRequirements, pushBaseImage } from "@slipway/images";
import { requires, startRegistry, temporaryFolder, type RegistryServer } from "@slipway/testing";
import { build, type GoodBuild } from "./harness/build.ts";
import { editBundle, runContainer, unpackBundle } from "./harness/bundle.ts";
import { writeContext } from "./harness/context.ts";
import { executedRuns } from "./harness/progress.ts";

const MIDDLE_STAGES = 38;

/** One base stage, 38 stages on it that each read a file of their own, and one that collects from all: 40. */
function dockerfile(host: string): string {
  const numbers = Array.from({ length: MIDDLE_STAGES }, (_, index) => index + 1);
  return [
    `FROM ${host}/busybox:latest AS base`,
    "RUN echo base > /base",
    ...numbers.flatMap((n) => [`FROM base AS s${n}`, `COPY in/${n} /in`, `RUN cat /base /in > /out${n}`]),
    "FROM base",
    ...numbers.map((n) => `COPY --from=s${n} /out${n} /all/`),
    "RUN cat /all/* | sort | uniq -c > /summary",
    'CMD ["cat", "/summary"]',
  ].join("\n");
}

const needs = baseImageRequirements(["busybox"]);

requires({ ...needs, root: true, commands: [...(needs.commands ?? []), "umoci", "runc"] }).describe(
  "a diamond of 40 stages",
  () => {
    const folder = temporaryFolder();
    let registry: RegistryServer;
    let context: string;
    let first: GoodBuild;
    let image: string;

    const options = () => ({ root: folder.join("root"), flags: ["-t", image, "--push"] });

    beforeAll(async () => {
      registry = await startRegistry();
      await pushBaseImage("busybox", registry.host);
      image = `${registry.host}/diamond:1`;
      const inputs = Array.from({ length: MIDDLE_STAGES }, (_, index) => [
        `in/${index + 1}`,
        `input ${index + 1}\n`,
      ]);
      context = writeContext(folder.join("context"), {
        Dockerfile: dockerfile(registry.host),
        ...(Object.fromEntries(inputs) as Record<string, string>),
      });
      first = await build(context, options());
    }, 180_000);

    afterAll(async () => {
      await registry?.stop();
      folder.remove();
    });

    test("runs each of its steps once and brings everything together", async () => {
      expect(executedRuns(first.executed)).toHaveLength(MIDDLE_STAGES + 2);
      const bundle = await unpackBundle(`docker://${image}`, folder.join("unpacked"));
      editBundle(bundle, () => {});
      const { stdout } = await runContainer(bundle, `slipway-e2e-diamond-${process.pid}`);
      const lines = stdout
        .trim()
        .split("\n")
        .map((line) => line.trim());
      expect(lines).toHaveLength(MIDDLE_STAGES + 1);
      expect(lines).toContain("38 base");
      expect(lines).toContain("1 input 17");
    });

    test("built once more, runs nothing and has the same digest", async () => {
      const again = await build(context, options());
      expect(executedRuns(again.executed)).toEqual([]);
      expect(again.digest).toBe(first.digest);
    });

    test("with one input edited, runs that stage and the last one", async () => {
      writeFileSync(path.join(context, "in/17"), "another input\n");
      const edited = await build(context, options());
      expect(executedRuns(edited.executed)).toEqual([
        expect.stringContaining("/out17"),
        expect.stringContaining("/summary"),
      ]);
    });

    test("asked for one stage, runs only what that needs", async () => {
      const root = folder.join("other-root");
      const one = await build(context, { root, flags: ["--target", "s5"] });
      expect(executedRuns(one.executed)).toEqual([
        expect.stringContaining("/base"),
        expect.stringContaining("/out5"),
      ]);
    });
  },
);
