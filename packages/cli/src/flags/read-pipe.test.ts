import { execFileSync } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { temporaryFolder } from "@slipway/testing";
import { readPipe } from "./read-pipe.ts";

test("a pipe is read to its end, whenever its writer comes, and waiting keeps nothing else from running", async () => {
  using folder = temporaryFolder();
  const pipe = folder.join("pipe");
  execFileSync("mkfifo", [pipe]);
  const reading = readPipe(pipe, 1_000_000);
  await sleep(60);
  const text = "FROM scratch\n".repeat(20_000);
  await writeFile(pipe, text);
  expect((await reading).toString()).toBe(text);
});

test("a pipe without end is refused", async () => {
  using folder = temporaryFolder();
  const pipe = folder.join("pipe");
  execFileSync("mkfifo", [pipe]);
  const reading = readPipe(pipe, 100_000);
  const writing = writeFile(pipe, "x".repeat(2_000_000)).catch(() => undefined);
  await expect(reading).rejects.toMatchObject({ code: "BUILD_FILE_TOO_LARGE" });
  await writing;
});
