import type { SandboxDriver } from "@slipway/engine-sdk";
import { decodeSpec } from "../stub-protocol.ts";

/**
 * For a child process of a test: runs the spec that it gets on its standard input, tells on standard output when the
 * process in the sandbox has said something, and then how it ended. With the argument `--leave-warm` it ends with
 * processes started ahead and the driver left open.
 */
export async function runSpecFromStdin(driver: SandboxDriver): Promise<void> {
  let text = "";
  process.stdin.setEncoding("utf8");
  for await (const chunk of process.stdin) text += chunk as string;
  const spec = decodeSpec(text);
  const exit = await driver.run(spec, {
    onOutput: (_, chunk) => void process.stdout.write(`output ${chunk.toString().trim()}\n`),
    signal: new AbortController().signal,
  });
  process.stdout.write(`${JSON.stringify(exit)}\n`);
  if (!process.argv.includes("--leave-warm")) return await driver.close();
  // Neither this process's end nor theirs may wait for the other's.
  driver.warm?.();
  driver.warm?.();
}
