import { execFile } from "node:child_process";
import { promisify } from "node:util";
import type { SandboxDriver, SandboxProbe } from "@slipway/engine-sdk";
import { findRuntimes, type OciRuntime } from "./find-runtimes.ts";
import { tryDriver } from "./try-driver.ts";

/** What trying the installed OCI runtimes has shown. */
export interface RuntimesProbe {
  readonly probe: SandboxProbe;
  /** The first that works. */
  readonly runtime?: OciRuntime;
}

/** Tries `runtime`, or the installed ones in turn until one works. */
export async function probeRuntimes(options: {
  readonly stateDir: string;
  readonly signal: AbortSignal;
  readonly runtime?: OciRuntime;
  /** Makes the driver of a runtime. */
  readonly open: (options: {
    readonly stateDir: string;
    readonly runtime: OciRuntime;
    readonly maxIdle: number;
  }) => SandboxDriver;
}): Promise<RuntimesProbe> {
  const candidates = options.runtime === undefined ? findRuntimes() : [options.runtime];
  const details: (readonly [string, string])[] = [];
  const failures: string[] = [];
  for (const runtime of candidates) {
    const version = await versionOf(runtime, options.signal);
    const driver = options.open({ stateDir: options.stateDir, runtime, maxIdle: 0 });
    const failure = await tryDriver(driver, options);
    await driver.close();
    details.push([
      runtime.kind,
      `${version} at ${runtime.path}${failure === undefined ? "" : `: ${failure.message}`}`,
    ]);
    if (failure === undefined) {
      return {
        runtime,
        probe: { driver: "oci", available: true, reason: `${runtime.kind} ${version} works`, details },
      };
    }
    failures.push(failure.message);
  }
  const reason =
    failures.length === 0 ? "neither crun nor runc is installed: install one of them" : failures.join("; ");
  return { probe: { driver: "oci", available: false, reason, details } };
}

async function versionOf(runtime: OciRuntime, signal: AbortSignal): Promise<string> {
  try {
    const { stdout } = await promisify(execFile)(runtime.path, ["--version"], { signal, timeout: 2000 });
    return /version (\S+)/.exec(stdout)?.[1] ?? "of unknown version";
  } catch {
    signal.throwIfAborted();
    return "of unknown version";
  }
}
