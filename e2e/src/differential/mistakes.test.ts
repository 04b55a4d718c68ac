import { mkdirSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { hostPlatform } from "@slipway/oci";
import { MISTAKES } from "./cases/mistakes.ts";
import { useBothBuilders } from "./both-builders.ts";
import { describeBesideBuildKit } from "./reference-builder.ts";

describeBesideBuildKit("mistakes stop the builds that they stop with BuildKit", {}, () => {
  const builders = useBothBuilders();
  const { folder } = builders;

  async function isRefused(context: string, options: Readonly<Record<string, string>>): Promise<boolean> {
    const request = {
      options,
      platforms: [hostPlatform()],
      localDirs: { context, dockerfile: context },
      exports: [],
      cwd: context,
      stdout: process.stdout,
    };
    const scope = { signal: AbortSignal.timeout(60_000), progress: () => undefined };
    return builders.engine.compile(request, scope).then(
      () => false,
      () => true,
    );
  }

  describe.each([
    ["when the target needs the stage", "bad"],
    ["when it does not", "good"],
  ])("%s", (_, target) => {
    test.concurrent.each(MISTAKES.map((line, index) => [line, index] as const))(
      "%j",
      async (line, index) => {
        const context = folder.join(`${target}-${index}`);
        mkdirSync(context);
        const start = /^FROM/i.test(line) ? "" : "FROM scratch AS bad\n";
        writeFileSync(`${context}/Dockerfile`, `${start}${line}\n\nFROM scratch AS good\nCOPY a /x\n`);
        writeFileSync(`${context}/a`, "a");
        const [own, theirs] = await Promise.all([
          isRefused(context, { target }),
          builders.reference.digests({ context, options: { target } }),
        ]);
        expect({ refused: own }).toEqual({ refused: typeof theirs === "string" });
      },
      120_000,
    );
  });
});
