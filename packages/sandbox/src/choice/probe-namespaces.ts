import type { SandboxDriver, SandboxProbe } from "@slipway/engine-sdk";
import { findProgram } from "./find-program.ts";
import { tryDriver } from "./try-driver.ts";

/** Probes the driver `namespaces` by running something with it. */
export async function probeNamespaces(
  driver: SandboxDriver,
  options: { stateDir: string; signal: AbortSignal },
): Promise<SandboxProbe> {
  const details: (readonly [string, string])[] = [
    ["unshare", findProgram("unshare") ?? "not found"],
    ["user", `uid ${process.getuid?.()}`],
  ];
  const missing = ["unshare", "sh", "cat"].filter((name) => findProgram(name) === undefined);
  if (missing.length > 0) {
    const reason = `${missing.join(" and ")} not found: install util-linux and coreutils`;
    return { driver: driver.name, available: false, reason, details };
  }
  const failure = await tryDriver(driver, options);
  if (failure === undefined) {
    return {
      driver: driver.name,
      available: true,
      reason: "util-linux and the kernel's namespaces work",
      details,
    };
  }
  const hint =
    process.getuid?.() === 0
      ? "this looks like a container that forbids namespaces or mounts: give it CAP_SYS_ADMIN and no seccomp profile"
      : "run as root, or in a user namespace";
  return { driver: driver.name, available: false, reason: `${failure.message}; ${hint}`, details };
}
