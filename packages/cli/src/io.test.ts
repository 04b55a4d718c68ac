import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Writable } from "node:stream";
import { setTimeout as pause } from "node:timers/promises";
import { expect, test } from "vitest";
import { processIo, type CliIo } from "./io.ts";
import { main } from "./main.ts";

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

test("a current folder that was deleted is told, not thrown", async () => {
  const before = process.cwd();
  const folder = mkdtempSync(path.join(tmpdir(), "slipway-gone-"));
  process.chdir(folder);
  try {
    rmdirSync(folder);
    const said: string[] = [];
    const stderr = new Writable({
      write(chunk: Buffer, _encoding, done) {
        said.push(chunk.toString());
        done();
      },
    });
    const io: CliIo = Object.create(processIo(), { stderr: { value: stderr } }) as CliIo;
    expect(await main(["build", "."], io)).toBe(1);
    expect(said.join("")).toContain("the current folder has been deleted");
  } finally {
    process.chdir(before);
  }
});
