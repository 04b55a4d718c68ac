import { expect, test } from "vitest";
import * as sandbox from "./index.ts";
import * as testkit from "./testkit/index.ts";

test("the public names are these", () => {
  expect(Object.keys(sandbox).sort()).toEqual([
    "chooseSandbox",
    "createNamespacesDriver",
    "createOciDriver",
    "enterUserNamespace",
    "findRuntimes",
    "probeSandboxes",
    "readDeviceFiles",
    "resolveDevices",
    "userNamespaceCommand",
  ]);
  expect(Object.keys(testkit).sort()).toEqual([
    "describeSandbox",
    "makeFixtureRoot",
    "missingForFixtures",
    "runSpecFromStdin",
    "runToEnd",
  ]);
});
