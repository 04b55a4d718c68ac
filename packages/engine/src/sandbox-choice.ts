import path from "node:path";
import { InputError } from "@slipway/oci";
import type { SandboxDriver } from "@slipway/engine-sdk";
import type { SandboxDriverName } from "@slipway/sandbox";

const NAMES: readonly SandboxDriverName[] = ["oci", "namespaces"];

/** Where the drivers keep their state, within a store. */
export function sandboxStateFolder(root: string): string {
  return path.join(root, "sandbox");
}

/**
 * Refuses a name that no driver has, also for builds that will need none.
 * @throws InputError `SANDBOX_UNKNOWN`
 */
export function checkSandboxName(preferred: string | undefined, given: readonly SandboxDriver[]): void {
  const names = [...given.map(({ name }) => name), ...NAMES];
  if (preferred === undefined || names.includes(preferred)) return;
  throw new InputError("SANDBOX_UNKNOWN", `there is no sandbox driver "${preferred}"`, {
    hint: `Choose one of ${names.join(", ")}, or leave the choice to Slipway.`,
  });
}

/**
 * Which driver steps will run in: one that the embedder gave, else one of Slipway's own.
 * @throws InputError `SANDBOX_UNKNOWN`; WorldError `SANDBOX_UNAVAILABLE` when none works here.
 */
export async function chooseDriver(options: {
  readonly root: string;
  readonly preferred: string | undefined;
  readonly given: readonly SandboxDriver[];
  readonly signal: AbortSignal;
}): Promise<{ readonly driver: SandboxDriver; readonly reason: string }> {
  const { preferred, given } = options;
  const own = given.find(({ name }) => preferred === undefined || name === preferred);
  if (own) return { driver: own, reason: "given to createEngine" };
  checkSandboxName(preferred, given);
  const name = NAMES.find((candidate) => candidate === preferred);
  const { chooseSandbox } = await import("@slipway/sandbox");
  return chooseSandbox({
    preferred: name,
    stateDir: sandboxStateFolder(options.root),
    signal: options.signal,
  });
}
