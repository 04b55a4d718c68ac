import { readFileSync, symlinkSync, writeFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";
import { runCommand } from "./run-command.ts";
import { temporaryFolder } from "./temporary-folder.ts";
import { parseTotals, type Totals } from "./totals.ts";

const workspace = path.resolve(import.meta.dirname, "../../..");

/** Runs vitest on one test file with the reporter, the way projects do. */
async function totalsOf(
  testFile: string,
  env: Record<string, string | undefined> = {},
): Promise<Totals | undefined> {
  using folder = temporaryFolder();
  symlinkSync(path.join(workspace, "node_modules"), folder.join("node_modules"));
  writeFileSync(folder.join("some.test.ts"), testFile);
  writeFileSync(
    folder.join("vitest.config.ts"),
    `import { TotalsReporter } from ${JSON.stringify(path.join(import.meta.dirname, "totals-reporter.ts"))};
     export default { test: { reporters: [new TotalsReporter("p", "totals.json")], fileParallelism: false } };`,
  );
  const vitest = path.join(workspace, "node_modules/vitest/vitest.mjs");
  await runCommand(process.execPath, [vitest, "run"], { cwd: folder.path, env, allowFailure: true });
  return parseTotals(readFileSync(folder.join("totals.json"), "utf8"));
}

test("passed, failed and skipped tests are told apart, with the reason of a skip", async () => {
  const totals = await totalsOf(
    `
    import { describe, expect, test } from "vitest";
    import { requires } from ${JSON.stringify(path.join(import.meta.dirname, "requires.ts"))};
    test("good", () => {});
    describe("suite", () => { test("bad", () => { expect(1).toBe(2); }); });
    requires({ commands: ["no-such-program"] }).describe("group", () => { test("inner [1]", () => {}); });
    test("noted", (context) => { context.skip("on a whim"); });
  `,
    { SLIPWAY_REQUIRE_ALL: undefined },
  );
  expect(totals).toEqual({
    project: "p",
    passed: 1,
    failed: 1,
    failures: ["some.test.ts > suite > bad"],
    skipped: [
      {
        title: "some.test.ts > group [skipped: needs no-such-program] > inner [1]",
        reason: "needs no-such-program",
      },
      { title: "some.test.ts > noted", reason: "on a whim" },
    ],
  });
});

test("what is missing is a failure when everything is required", async () => {
  const totals = await totalsOf(
    `
    import { test } from "vitest";
    import { requires } from ${JSON.stringify(path.join(import.meta.dirname, "requires.ts"))};
    requires({ commands: ["no-such-program"] }).describe("group", () => { test("inner", () => {}); });
  `,
    { SLIPWAY_REQUIRE_ALL: "1" },
  );
  expect(totals).toMatchObject({ passed: 0, failed: 1, failures: ["some.test.ts > group"], skipped: [] });
});

test("a file that does not load, a hook that throws and a lost rejection are failures", async () => {
  expect(await totalsOf(`import "./missing.ts";`)).toMatchObject({ passed: 0, failed: 1 });
  expect(
    await totalsOf(`
      import { beforeAll, describe, test } from "vitest";
      describe("suite", () => { beforeAll(() => { throw new Error("no"); }); test("never", () => {}); });
    `),
  ).toMatchObject({ passed: 0, failed: 1 });
  expect(
    await totalsOf(`
      import { test } from "vitest";
      test("fine", async () => { void Promise.reject(new Error("lost")); await new Promise((r) => setTimeout(r, 50)); });
    `),
  ).toMatchObject({ passed: 1, failed: 1 });
});
