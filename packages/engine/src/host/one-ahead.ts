import type { SandboxDriver } from "@slipway/engine-sdk";

/**
 * A driver with at most one sandbox started ahead, however many steps say that one is about to come: a surplus one
 * costs more than a late one.
 */
export function oneAhead(driver: SandboxDriver): SandboxDriver {
  let ahead = false;
  return {
    name: driver.name,
    probe: (signal) => driver.probe(signal),
    warm() {
      if (ahead) return;
      ahead = true;
      driver.warm?.();
    },
    run(spec, io) {
      ahead = false;
      return driver.run(spec, io);
    },
    close: () => driver.close(),
  };
}
