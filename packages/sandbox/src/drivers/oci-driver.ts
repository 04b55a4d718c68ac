import { availableParallelism } from "node:os";
import type { SandboxDriver } from "@slipway/engine-sdk";
import { WorldError } from "@slipway/oci";
import { findRuntimes, type OciRuntime } from "../choice/find-runtimes.ts";
import { openLazily, type SandboxDriverOptions } from "./namespaces-driver.ts";
import { probeRuntimes } from "../choice/probe-runtimes.ts";
import { runJob } from "./run-job.ts";
import { stubPool } from "./stub-pool.ts";

export interface OciDriverOptions extends SandboxDriverOptions {
  /** The runtime to use; default: the first that is installed, of crun and runc. A probe finds the first that works. */
  readonly runtime?: OciRuntime;
}

/** The driver that lets crun or runc set the process up. */
export function createOciDriver(options: OciDriverOptions): SandboxDriver {
  const opened = openLazily(options.stateDir);
  const pool = stubPool(() => opened().launch(), options.maxIdle ?? availableParallelism());
  return {
    name: "oci",
    probe: async (signal) => (await probeRuntimes({ ...options, signal, open: createOciDriver })).probe,
    warm: () => pool.warm(),
    async run(spec, io) {
      io.signal.throwIfAborted();
      const runtime = options.runtime ?? findRuntimes()[0];
      if (runtime === undefined) {
        throw new WorldError("SANDBOX_RUNTIME_MISSING", "neither crun nor runc is installed", {
          hint: "Install crun or runc, or choose the sandbox driver `namespaces`.",
        });
      }
      const { mountPoint, scratch, skeleton, bundle } = opened().state;
      const { kind, path } = runtime;
      return await runJob(pool, { spec, mountPoint, scratch, skeleton, runtime: { kind, path, bundle } }, io);
    },
    close: () => pool.close(),
  };
}
