import type { SandboxDriver } from "@slipway/engine-sdk";

/** What the conformance tests need of a driver. */
export interface SandboxFixtures {
  /** Makes the driver under test; its state goes into `stateDir`. */
  create(stateDir: string): SandboxDriver;
  /**
   * A program (for `node`) that makes the driver with its first argument as `stateDir` and calls `runSpecFromStdin`.
   * The suite kills it with SIGKILL, and puts it into a cgroup of its own.
   */
  readonly program: URL;
  /** Further arguments of that program. */
  readonly programArgs?: readonly string[];
  /** Node's options for it. */
  readonly execArgv?: readonly string[];
  /** What the driver needs and this machine lacks; undefined when nothing. */
  missing?(): string | undefined;
}
