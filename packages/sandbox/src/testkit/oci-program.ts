import { findRuntimes } from "../choice/find-runtimes.ts";
import { createOciDriver } from "../drivers/oci-driver.ts";
import { runSpecFromStdin } from "./run-spec-from-stdin.ts";

const [, , stateDir, kind] = process.argv;
await runSpecFromStdin(
  createOciDriver({ stateDir: stateDir!, runtime: findRuntimes().find((runtime) => runtime.kind === kind) }),
);
