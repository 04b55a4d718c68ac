import { describe, test } from "vitest";
import { missingRequirement, type Requirements } from "./requirements.ts";

/** Like vitest's `describe` and `test`, for tests that need something of the machine. */
export interface RequiringTests {
  /** What is missing; undefined when the tests will run. */
  readonly missing: string | undefined;
  describe(title: string, body: () => void): void;
  test(title: string, body: () => void | Promise<void>, timeoutMs?: number): void;
}

/**
 * Guards tests that need root, a server or a tool. What is missing makes them skipped, and the title says why;
 * under `SLIPWAY_REQUIRE_ALL=1` it makes them fail instead.
 *
 * ```ts
 * requires({ root: true, commands: ["skopeo"] }).describe("pushes", () => { … });
 * ```
 */
export function requires(requirements: Requirements): RequiringTests {
  const missing = missingRequirement(requirements);
  if (missing === undefined) {
    return {
      missing,
      describe: (title, body) => void describe(title, body),
      test: (title, body, timeoutMs) => void test(title, body, timeoutMs),
    };
  }
  if (process.env["SLIPWAY_REQUIRE_ALL"] === "1") {
    const fail = (title: string): void => {
      test(title, () => {
        throw new Error(`${missing}, and SLIPWAY_REQUIRE_ALL=1 allows no test to be skipped`);
      });
    };
    return { missing, describe: fail, test: fail };
  }
  return {
    missing,
    describe: (title, body) => void describe.skip(`${title} [skipped: ${missing}]`, body),
    test: (title, body) => void test.skip(`${title} [skipped: ${missing}]`, body),
  };
}
