import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { afterAll, expect } from "vitest";
import { hostPlatform } from "@slipway/oci";
import { requires, temporaryFolder } from "@slipway/testing";
import { createEngine } from "../create-engine.ts";

const folder = temporaryFolder();
afterAll(() => folder.remove());

function context(name: string, dockerfile: string): string {
  const place = folder.join(name);
  mkdirSync(place);
  writeFileSync(`${place}/a.txt`, "a\n");
  writeFileSync(`${place}/Dockerfile`, dockerfile);
  return place;
}

requires({ root: true }).test(
  "a build does not read files of an earlier build's context, which may be gone",
  async () => {
    const engine = await createEngine({ root: folder.join("store") });
    const build = (place: string, dest: string) =>
      engine.build(
        {
          options: { filename: "Dockerfile" },
          platforms: [hostPlatform()],
          localDirs: { context: place, dockerfile: place },
          exports: [{ type: "oci", attrs: { dest } }],
          cwd: folder.path,
          stdout: process.stdout,
        },
        { signal: AbortSignal.timeout(60_000), progress: () => undefined },
      );
    try {
      const first = context("first", "FROM scratch\nCOPY a.txt /\n");
      await build(first, folder.join("first.tar"));
      rmSync(first, { recursive: true });
      const second = context(
        "second",
        "FROM scratch AS s\nCOPY a.txt /\nFROM scratch\nCOPY --from=s --chown=5 /a.txt /x\n",
      );
      await expect(build(second, folder.join("second.tar"))).resolves.toBeDefined();
    } finally {
      await engine.close();
    }
  },
);
