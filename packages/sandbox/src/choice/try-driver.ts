import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import path from "node:path";
import type { SandboxDriver } from "@slipway/engine-sdk";
import { exitingProgram } from "./tiny-program.ts";

/**
 * Tries a driver by running a program of a few bytes in a root of its own.
 * @returns what went wrong; undefined when nothing did.
 */
export async function tryDriver(
  driver: SandboxDriver,
  options: { stateDir: string; signal: AbortSignal },
): Promise<Error | undefined> {
  const { stateDir, signal } = options;
  mkdirSync(stateDir, { recursive: true });
  const folder = mkdtempSync(path.join(stateDir, "probe-"));
  try {
    const [lower, upperdir, workdir] = ["lower", "upper", "work"].map((name) => path.join(folder, name)) as [
      string,
      string,
      string,
    ];
    for (const name of [lower, upperdir, workdir]) mkdirSync(name);
    writeFileSync(path.join(lower, "probe"), exitingProgram(), { mode: 0o755 });
    const exit = await driver.run(
      {
        id: path.basename(folder).toLowerCase(),
        root: { kind: "overlay", lowerdirs: [lower], upperdir, workdir },
        mounts: [],
        process: { args: ["/probe"], env: [], cwd: "/", uid: 0, gid: 0, additionalGids: [] },
        hostname: "probe",
        network: "host",
        security: "sandbox",
        ulimits: [],
      },
      { onOutput: () => undefined, signal },
    );
    return exit.kind === "exited" && exit.code === 0
      ? undefined
      : new Error(`a program of a few bytes ended with ${JSON.stringify(exit)}`);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    return error as Error;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
