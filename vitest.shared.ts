import path from "node:path";
import { defineConfig } from "vitest/config";
import { TotalsReporter } from "./tools/testing/src/totals-reporter.ts";

/**
 * The test configuration that every project shares: sources by the `slipway-source` condition, a report for the
 * totals that `npm test` prints, real processes instead of threads (tests chdir, mount and signal).
 */
export function projectTests(
  name: string,
  projectRoot: string,
  { testTimeoutMs = 30_000 }: { readonly testTimeoutMs?: number } = {},
) {
  return defineConfig({
    root: projectRoot,
    cacheDir: path.join(import.meta.dirname, "node_modules/.cache/vitest", name.replace("/", "-")),
    resolve: { conditions: ["slipway-source", "node"] },
    ssr: {
      resolve: { conditions: ["slipway-source", "node"], externalConditions: ["slipway-source", "node"] },
    },
    test: {
      name,
      include: ["src/**/*.test.ts"],
      environment: "node",
      pool: "forks",
      execArgv: ["--conditions=slipway-source"],
      passWithNoTests: false,
      testTimeout: testTimeoutMs,
      hookTimeout: Math.max(60_000, testTimeoutMs),
      reporters: [
        "default",
        new TotalsReporter(name, path.join(import.meta.dirname, ".test-results", `${name}.json`)),
      ],
    },
  });
}
