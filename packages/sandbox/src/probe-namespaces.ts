import { accessSync, constants, mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import path from "node:path";
import type { SandboxDriver, SandboxProbe } from "@slipway/engine-sdk";
import { searchPath } from "./stub-launcher.ts";

/** Where a program is; undefined when it is not installed. */
export function findProgram(name: string): string | undefined {
  for (const folder of searchPath().split(":")) {
    const file = path.join(folder, name);
    try {
      accessSync(file, constants.X_OK);
      if (folder !== "" && statSync(file).isFile()) return file;
    } catch {
      // not here
    }
  }
  return undefined;
}

/**
 * Tries a driver without needing any program in the root: everything is set up, and then looking for a program that
 * is not there must fail with `COMMAND_NOT_FOUND`, and with nothing else.
 * @returns what went wrong; undefined when nothing did.
 */
export async function tryDriver(driver: SandboxDriver, options: { stateDir: string; signal: AbortSignal }): Promise<Error | undefined> {
  const { stateDir, signal } = options;
  mkdirSync(stateDir, { recursive: true });
  const folder = mkdtempSync(path.join(stateDir, "probe-"));
  try {
    const [lower, upperdir, workdir] = ["lower", "upper", "work"].map((name) => path.join(folder, name)) as [string, string, string];
    for (const name of [lower, upperdir, workdir]) mkdirSync(name);
    await driver.run(
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
    return new Error("a program that does not exist ran");
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if ((error as { code?: unknown }).code === "COMMAND_NOT_FOUND") return undefined;
    return error as Error;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Probes the driver `namespaces`. */
export async function probeNamespaces(
  driver: SandboxDriver,
  options: { stateDir: string; signal: AbortSignal },
): Promise<SandboxProbe> {
  const unshare = findProgram("unshare");
  const details: (readonly [string, string])[] = [
    ["unshare", unshare ?? "not found"],
    ["user", `uid ${process.getuid?.()}`],
  ];
  const missing = ["unshare", "sh", "cat"].filter((name) => findProgram(name) === undefined);
  if (missing.length > 0) {
    return {
      driver: driver.name,
      available: false,
      reason: `${missing.join(" and ")} not found: install util-linux and coreutils`,
      details,
    };
  }
  const failure = await tryDriver(driver, options);
  if (failure === undefined) return { driver: driver.name, available: true, reason: "util-linux and the kernel's namespaces", details };
  const hint = process.getuid?.() === 0 ? "this looks like a container that forbids namespaces or mounts" : "run as root, or in a user namespace";
  return { driver: driver.name, available: false, reason: `${failure.message} (${hint})`, details: [...details, ["failure", failure.message]] };
}
