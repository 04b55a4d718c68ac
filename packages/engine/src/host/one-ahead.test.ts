import { expect, test } from "vitest";
import type { SandboxDriver, SandboxIo, SandboxSpec } from "@slipway/engine-sdk";
import { oneAhead } from "./one-ahead.ts";

test("one sandbox is started ahead, and the next when that one is taken", async () => {
  const calls: string[] = [];
  const inner: SandboxDriver = {
    name: "fake",
    probe: () => Promise.resolve({ driver: "fake", available: true, reason: "", details: [] }),
    warm: () => void calls.push("warm"),
    run: () => {
      calls.push("run");
      return Promise.resolve({ kind: "exited", code: 0 });
    },
    close: () => Promise.resolve(),
  };
  const driver = oneAhead(inner);
  driver.warm?.();
  driver.warm?.();
  await driver.run({} as SandboxSpec, {} as SandboxIo);
  driver.warm?.();
  expect(calls).toEqual(["warm", "run", "warm"]);
});
