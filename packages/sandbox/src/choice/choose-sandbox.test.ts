import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { chooseSandbox } from "./choose-sandbox.ts";
import { probeSandboxes } from "./probe-sandboxes.ts";
import { makeFixtureRoot, missingForFixtures, runToEnd } from "../testkit/fixture-root.ts";

const missing = missingForFixtures();
if (missing !== undefined && process.env["SLIPWAY_REQUIRE_ALL"] === "1")
  test("sandboxes", () => expect.fail(missing));

describe.skipIf(missing !== undefined)(
  `choosing a sandbox${missing === undefined ? "" : ` [skipped: ${missing}]`}`,
  () => {
    const signal = new AbortController().signal;
    let stateDir: string;
    beforeEach(() => {
      stateDir = mkdtempSync(path.join(os.tmpdir(), "slipway-choose-"));
    });
    afterEach(() => {
      rmSync(stateDir, { recursive: true, force: true });
    });

    test("takes oci exactly when a runtime works, and what it takes works", async () => {
      const probes = await probeSandboxes({ stateDir, signal });
      const { driver, reason } = await chooseSandbox({ stateDir, signal });
      expect(driver.name).toBe(probes.find((probe) => probe.available)?.driver);
      expect(reason).not.toBe("");
      const root = makeFixtureRoot();
      await expect(runToEnd(driver, root.spec(["echo", "hello"]))).resolves.toMatchObject({
        stdout: "hello\n",
      });
      await driver.close();
      root.remove();
    });

    test("takes the driver asked for", async () => {
      const { driver } = await chooseSandbox({ stateDir, signal, preferred: "namespaces" });
      expect(driver.name).toBe("namespaces");
      await driver.close();
    });

    test("remembers the result, and believes it only while nothing has changed", async () => {
      await chooseSandbox({ stateDir, signal });
      const file = path.join(stateDir, "probes.json");
      const text = readFileSync(file, "utf8");
      const marked = {
        ...JSON.parse(text),
        choices: { any: { driver: "namespaces", reason: "remembered" } },
      };
      writeFileSync(file, JSON.stringify(marked));
      // The best of several: other work may share the machine, and a probe takes longer every time.
      let bestMs = Infinity;
      for (let i = 0; i < 10; i++) {
        const begin = performance.now();
        expect((await chooseSandbox({ stateDir, signal })).reason).toBe("remembered");
        bestMs = Math.min(bestMs, performance.now() - begin);
      }
      expect(bestMs).toBeLessThan(100);
      writeFileSync(file, JSON.stringify({ ...marked, machine: "another boot" }));
      expect((await chooseSandbox({ stateDir, signal })).reason).not.toBe("remembered");
      writeFileSync(file, "{ damaged");
      expect((await chooseSandbox({ stateDir, signal })).reason).not.toBe("remembered");
    });

    test("probes tell names and versions", async () => {
      for (const probe of await probeSandboxes({ stateDir, signal })) {
        expect(probe.reason).not.toBe("");
        if (probe.available) expect(probe.details.length).toBeGreaterThan(0);
      }
    });
  },
);
