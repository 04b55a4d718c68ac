import path from "node:path";
import { ESLint } from "eslint";
import { beforeAll, expect, test } from "vitest";

// The rules are checked by their effect: a text that breaks one, linted as if it stood in a real file.
const workspace = path.resolve(import.meta.dirname, "../../..");
let eslint: ESLint;

beforeAll(() => {
  eslint = new ESLint({ cwd: workspace });
});

async function rulesBroken(file: string, text: string): Promise<string[]> {
  const [result] = await eslint.lintText(text, { filePath: path.join(workspace, file) });
  return (result?.messages ?? []).map((message) => message.ruleId ?? message.message);
}

const BOUNDARIES = "@nx/enforce-module-boundaries";

test("imports point down: the solver sees neither parts nor the app", async () => {
  expect(await rulesBroken("packages/solver/src/index.ts", `export * from "@slipway/store";`)).toContain(
    BOUNDARIES,
  );
  expect(await rulesBroken("packages/store/src/index.ts", `export * from "@slipway/engine";`)).toContain(
    BOUNDARIES,
  );
  expect(await rulesBroken("packages/solver/src/index.ts", `export * from "@slipway/engine-sdk";`)).toEqual(
    [],
  );
}, 60_000);

test("frontends see the sdk, the ir and the model only", async () => {
  const file = "frontends/dockerfile/src/index.ts";
  expect(await rulesBroken(file, `export * from "@slipway/solver";`)).toContain(BOUNDARIES);
  expect(await rulesBroken(file, `export * from "@slipway/store";`)).toContain(BOUNDARIES);
  expect(await rulesBroken(file, `export * from "@slipway/frontend-sdk";`)).toEqual([]);
});

test("packages are imported by name, not by a path into their folder", async () => {
  const broken = await rulesBroken("packages/store/src/index.ts", `export * from "../../oci/src/digest.ts";`);
  expect(broken).toContain(BOUNDARIES);
});

test("processes and system calls stay out of packages that are not runtime:linux", async () => {
  const file = "packages/registry/src/index.ts";
  expect(await rulesBroken(file, `export * from "node:child_process";`)).toContain("no-restricted-imports");
  expect(await rulesBroken(file, `export const load = () => import("koffi");`)).toContain(
    "no-restricted-syntax",
  );
  expect(await rulesBroken("packages/sandbox/src/index.ts", `export * from "node:child_process";`)).toEqual(
    [],
  );
});

test("pure packages do no I/O of their own", async () => {
  const file = "packages/solver/src/index.ts";
  expect(await rulesBroken(file, `export * from "node:fs";`)).toContain("no-restricted-imports");
  expect(await rulesBroken(file, `export const load = () => import("node:http");`)).toContain(
    "no-restricted-syntax",
  );
});

test("a promise that nobody waits for is an error", async () => {
  const text = `async function work(): Promise<void> {}\nexport function start(): void {\n  work();\n}\n`;
  expect(await rulesBroken("packages/solver/src/index.ts", text)).toContain(
    "@typescript-eslint/no-floating-promises",
  );
});

test("default exports are an error", async () => {
  expect(await rulesBroken("packages/solver/src/index.ts", `export default 1;`)).toContain(
    "no-restricted-syntax",
  );
});
