import type { SandboxDriver, SandboxProbe } from "@slipway/engine-sdk";
import { WorldError } from "@slipway/oci";
import type { Choice, SandboxDriverName } from "./choice.ts";
import { createNamespacesDriver } from "../drivers/namespaces-driver.ts";
import { createOciDriver } from "../drivers/oci-driver.ts";
import { forgetChoice, recallChoice, rememberChoice } from "./remembered-choice.ts";
import { probeRuntimes } from "./probe-runtimes.ts";

export interface ChooseOptions {
  /** A folder of Slipway's own for what the sandbox keeps; made when missing, shared by any number of processes. */
  readonly stateDir: string;
  readonly signal: AbortSignal;
  /** The driver that a person asked for: no other is taken in its place. */
  readonly preferred?: SandboxDriverName;
  /** Tries the drivers even if an earlier result is remembered. */
  readonly fresh?: boolean;
  /** How many processes `warm` may start ahead of need; default: one for each CPU. */
  readonly maxIdle?: number;
}

export interface ChosenSandbox {
  /** Whoever asked closes it. */
  readonly driver: SandboxDriver;
  /** One line for people: why this one. */
  readonly reason: string;
}

/**
 * Chooses a driver: `oci` when a runtime works here, else `namespaces`. Trying takes a tenth of a second or two, so
 * that the result is remembered in `stateDir` until the machine restarts or a runtime is installed, changed or removed.
 * @throws WorldError `SANDBOX_UNAVAILABLE` when no driver works, or not the preferred one.
 */
export async function chooseSandbox(options: ChooseOptions): Promise<ChosenSandbox> {
  options.signal.throwIfAborted();
  const preferred = options.preferred ?? "any";
  if (options.fresh === true) forgetChoice(options.stateDir);
  let choice = recallChoice(options.stateDir, preferred);
  if (choice === undefined) {
    choice = await tryDrivers(options);
    rememberChoice(options.stateDir, preferred, choice);
  }
  const { stateDir, maxIdle } = options;
  const driver =
    choice.driver === "oci"
      ? createOciDriver({ stateDir, maxIdle, runtime: choice.runtime })
      : createNamespacesDriver({ stateDir, maxIdle });
  return { driver, reason: choice.reason };
}

async function tryDrivers(options: ChooseOptions): Promise<Choice> {
  const failed: SandboxProbe[] = [];
  if (options.preferred !== "namespaces") {
    const { probe, runtime } = await probeRuntimes({ ...options, open: createOciDriver });
    if (runtime !== undefined) return { driver: "oci", runtime, reason: probe.reason };
    failed.push(probe);
  }
  if (options.preferred !== "oci") {
    const driver = createNamespacesDriver({ stateDir: options.stateDir, maxIdle: 0 });
    const probe = await driver.probe(options.signal);
    await driver.close();
    const instead = failed.map((other) => `; ${other.driver}: ${other.reason}`).join("");
    if (probe.available) return { driver: "namespaces", reason: `${probe.reason}${instead}` };
    failed.push(probe);
  }
  throw new WorldError(
    "SANDBOX_UNAVAILABLE",
    `no sandbox for RUN works here: ${failed.map((probe) => `${probe.driver}: ${probe.reason}`).join("; ")}`,
    {
      hint:
        process.getuid?.() === 0
          ? "Run on a machine or in a container that allows mounts and namespaces, with util-linux installed."
          : "Run Slipway as root, or allow user namespaces (sysctl kernel.unprivileged_userns_clone=1, or kernel.apparmor_restrict_unprivileged_userns=0).",
      data: { probes: failed },
    },
  );
}
