import type { SandboxProbe } from "@slipway/engine-sdk";
import { createNamespacesDriver } from "../drivers/namespaces-driver.ts";
import { createOciDriver } from "../drivers/oci-driver.ts";
import { probeRuntimes } from "./probe-runtimes.ts";

export interface ProbeOptions {
  /** A folder of Slipway's own for what the sandbox keeps; made when missing, shared by any number of processes. */
  readonly stateDir: string;
  readonly signal: AbortSignal;
}

/** Tries every driver, the preferred one first. Takes a few hundred milliseconds: for `slipway doctor`. */
export async function probeSandboxes(options: ProbeOptions): Promise<SandboxProbe[]> {
  const namespaces = createNamespacesDriver({ stateDir: options.stateDir, maxIdle: 0 });
  try {
    return [
      (await probeRuntimes({ ...options, open: createOciDriver })).probe,
      await namespaces.probe(options.signal),
    ];
  } finally {
    await namespaces.close();
  }
}
