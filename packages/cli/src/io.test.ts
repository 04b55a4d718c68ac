import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";

test("what was written has left the process after flush, however slow the reader is", async () => {
  const program = `
    const { processIo } = await import(${JSON.stringify(new URL("./io.ts", import.meta.url).href)});
    const io = processIo();
    io.stdout.write("x".repeat(300_000));
    await io.flush();
    process.exit(0);`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "close");
  await pause(200);
  let length = 0;
  child.stdout.on("data", (chunk: Buffer) => (length += chunk.length));
  await ended;
  expect(length).toBe(300_000);
});
