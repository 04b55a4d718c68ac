import { openSync, readdirSync } from "node:fs";
import { expect, test } from "vitest";
import type { SandboxMount } from "@slipway/engine-sdk";
import type { Libc } from "./libc.ts";
import { applyMounts } from "./root-filesystem.ts";

/** Mounts nothing; everything that is looked up is there. */
const libc = {
  openInRoot: () => openSync("/", "r"),
  mount: () => undefined,
  umount: () => undefined,
  restrictMount: () => undefined,
} as unknown as Libc;

const openFiles = (): number => readdirSync("/proc/self/fd").length;

test("mounts leave no descriptors open, so that a step may have more of them than a process open files", () => {
  const mounts: SandboxMount[] = [];
  for (let i = 0; i < 100; i++) {
    const target = `/m/${i}`;
    mounts.push({ kind: "bind", source: "/", target, readonly: true });
    mounts.push({ kind: "tmpfs", target: `${target}/below` });
    mounts.push({ kind: "overlay", lowerdirs: ["/"], subpath: "", target: `/o/${i}` });
  }
  const before = openFiles();
  applyMounts(libc, 0, { mounts, scratch: "/", flags: 1 });
  expect(openFiles()).toBe(before);
});
