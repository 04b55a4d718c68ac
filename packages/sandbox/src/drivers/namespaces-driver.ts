import { availableParallelism } from "node:os";
import type { SandboxDriver } from "@slipway/engine-sdk";
import { probeNamespaces } from "../choice/probe-namespaces.ts";
import { runJob } from "./run-job.ts";
import { openStateFolder, type StateFolder } from "./state-folder.ts";
import { stubLauncher, type Stub } from "./stub-launcher.ts";
import { stubPool } from "./stub-pool.ts";

export interface SandboxDriverOptions {
  /** A folder of Slipway's own for what the sandbox keeps; made when missing, shared by any number of processes. */
  readonly stateDir: string;
  /** How many processes `warm` may start ahead of need; default: one for each CPU. */
  readonly maxIdle?: number;
}

/**
 * The driver that needs nothing but util-linux: a Node process sets up mounts, capabilities and the seccomp filter
 * itself, then becomes the process of the step.
 */
export function createNamespacesDriver(options: SandboxDriverOptions): SandboxDriver {
  const opened = openLazily(options.stateDir);
  const pool = stubPool(() => opened().launch(), options.maxIdle ?? availableParallelism());
  const driver: SandboxDriver = {
    name: "namespaces",
    probe: (signal) => probeNamespaces(driver, { stateDir: options.stateDir, signal }),
    warm: () => pool.warm(),
    async run(spec, io) {
      io.signal.throwIfAborted();
      const { mountPoint, scratch, skeleton } = opened().state;
      return await runJob(pool, { spec, mountPoint, scratch, skeleton }, io);
    },
    close: () => pool.close(),
  };
  return driver;
}

/** Touches the disk and loads koffi at the first call, not before. */
export function openLazily(
  stateDir: string,
): () => { readonly state: StateFolder; readonly launch: () => Stub } {
  let opened: { state: StateFolder; launch: () => Stub } | undefined;
  return () => {
    if (opened === undefined) {
      const state = openStateFolder(stateDir);
      opened = { state, launch: stubLauncher(state) };
    }
    return opened;
  };
}
