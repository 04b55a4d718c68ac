import type { Engine, EngineOptions } from "@slipway/engine";
import type { CliIo } from "./io.ts";

/** What commands work with: the process, and a way to get an engine when they need one. */
export interface Host extends CliIo {
  createEngine(options: EngineOptions): Promise<Engine>;
}

/** A host with the real engine, which is loaded when it is asked for. */
export function hostOf(io: CliIo): Host {
  // Inherited, not copied: getters of `io` are asked when somebody needs what they give.
  return Object.assign(Object.create(io) as CliIo, {
    async createEngine(options: EngineOptions): Promise<Engine> {
      const { createEngine } = await import("@slipway/engine");
      return createEngine(options);
    },
  });
}
