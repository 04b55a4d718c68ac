import { spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { sha256 } from "@slipway/oci";
import { openStore } from "../store.ts";
import { needRoot, signal, temporaryFolder } from "../testing/temporary-store.test.helper.ts";

const CHILD = fileURLToPath(new URL("../testing/recording-child.test.helper.ts", import.meta.url));

/** Runs a recorder and kills it `afterMs` after its first result; how many results it reported. */
async function recordAndKill(root: string, name: string, afterMs: number): Promise<number> {
  const child = spawn(process.execPath, [...process.execArgv, CHILD, root, name], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let output = "";
  const exited = new Promise((resolve) => child.once("exit", resolve));
  await new Promise<void>((resolve) => {
    child.stdout.on("data", (chunk: Buffer) => {
      output += chunk.toString();
      resolve();
    });
    void exited.then(() => resolve());
  });
  await sleep(afterMs);
  child.kill("SIGKILL");
  await exited;
  return output.split("\n").length - 1;
}

test(
  "kill -9 at any moment loses nothing that was recorded, and the next process starts clean",
  { timeout: 120_000 },
  async () => {
    needRoot();
    const root = temporaryFolder();
    const reported = new Map<string, number>();
    for (let round = 0; round < 5; round++) {
      // Two at a time: they share the store.
      await Promise.all(
        [0, 1].map(async (which) => {
          const name = `child-${round}-${which}`;
          reported.set(name, await recordAndKill(root, name, Math.random() * 150));
        }),
      );
      const store = await openStore({ root });
      for (const [name, count] of reported) {
        expect(count).toBeGreaterThan(0);
        // One more than was reported may be there: it was killed between recording and reporting.
        for (let i = 0; i <= count; i++) {
          const result = store.cache.lookup(sha256(`${name} ${i}`));
          if (i < count) expect(result).not.toBeNull();
          if (result === null) continue;
          const view = await store.roots.view(result.outputs[0]!, signal);
          for (let file = 0; file < 5; file++)
            expect(String(await view.readFile(`f${file}`))).toBe(`${name} ${i}`);
          expect(result.outputs[1]).toBeNull();
        }
      }
      for (const name of fs.readdirSync(path.join(root, "blobs/sha256"))) {
        expect(sha256(fs.readFileSync(path.join(root, "blobs/sha256", name)))).toBe(`sha256:${name}`);
      }
      await store.close();
    }
    await sleep(600);
    const last = await openStore({ root });
    await last.close();
    expect(fs.readdirSync(path.join(root, "tmp"))).toEqual([]);
    expect(fs.readdirSync(path.join(root, "sessions"))).toEqual([]);
  },
);

test("pruning everything, over and over, takes nothing from a build that runs beside it", async () => {
  needRoot();
  const root = temporaryFolder();
  const child = spawn(process.execPath, [...process.execArgv, CHILD, root, "busy"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let results = 0;
  child.stdout.on("data", (chunk: Buffer) => (results += chunk.toString().split("\n").length - 1));
  const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
  while (results === 0 && child.exitCode === null) await sleep(20);
  const store = await openStore({ root });
  const until = Date.now() + 1500;
  while (Date.now() < until && child.exitCode === null) {
    for await (const record of store.prune({ all: true, signal })) expect(record.inUse).toBe(false);
    await sleep(5);
  }
  expect(child.exitCode).toBeNull();
  child.kill("SIGKILL");
  await exited;
  await sleep(600);
  let removed = 0;
  for await (const _ of store.prune({ all: true, signal })) removed++;
  expect(removed).toBeGreaterThanOrEqual(results);
  expect(store.usage()).toEqual([]);
  await store.close();
});
