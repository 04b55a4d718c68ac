import { writeFileSync } from "node:fs";
import path from "node:path";
import type { SandboxDriver } from "@slipway/engine-sdk";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { crashingProgram } from "../choice/tiny-program.ts";
import { describeEndings } from "./endings-cases.ts";
import { makeFixtureRoot, missingForFixtures, type FixtureRoot } from "./fixture-root.ts";
import { describeLeftovers } from "./leftovers-cases.ts";
import { describeMounts } from "./mounts-cases.ts";
import { describePrivate } from "./private-cases.ts";
import { describeProcess } from "./process-cases.ts";
import { describeSeparation } from "./separation-cases.ts";
import type { SandboxFixtures } from "./sandbox-fixtures.ts";
import { suiteContext } from "./suite-context.ts";

/** The conformance tests of a sandbox driver: what every build step may rely on. Needs root and a static busybox. */
export function describeSandbox(name: string, fixtures: SandboxFixtures): void {
  const missing = missingForFixtures() ?? fixtures.missing?.();
  const title = `the ${name} sandbox`;
  if (missing === undefined) describe(title, () => suite(fixtures));
  else if (process.env["SLIPWAY_REQUIRE_ALL"] === "1") test(title, () => expect.fail(missing));
  else describe.skip(`${title} [skipped: ${missing}]`, () => suite(fixtures));
}

function suite(fixtures: SandboxFixtures): void {
  let root: FixtureRoot;
  let driver: SandboxDriver;
  beforeAll(() => {
    root = makeFixtureRoot();
    writeFileSync(path.join(root.lower, "bin/segfault"), crashingProgram(), { mode: 0o755 });
    driver = fixtures.create(root.stateDir);
  });
  afterAll(async () => {
    await driver.close();
    root.remove();
  });
  const context = suiteContext(fixtures, () => ({ root, driver }));
  const { shell } = context;

  describeEndings(context);
  describeProcess(context);
  describeLeftovers(context);
  describeSeparation(context);
  describeMounts(context);
  describePrivate(context);

  test("eight at once do not disturb each other", async () => {
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        shell(`echo ${index} > /tmp/n; hostname; sleep 0.1; cat /tmp/n; exit ${index}`, {
          hostname: `host-${index}`,
        }),
      ),
    );
    expect(outcomes).toEqual(
      outcomes.map((_, index) => ({
        exit: { kind: "exited", code: index },
        stdout: `host-${index}\n${index}\n`,
        stderr: "",
      })),
    );
  });

  test("the probe finds it available", async () => {
    await expect(driver.probe(new AbortController().signal)).resolves.toMatchObject({
      available: true,
      driver: driver.name,
    });
  });
}
