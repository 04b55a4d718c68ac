import { InvariantError } from "@slipway/oci";
import type { Engine, EngineOptions } from "./contracts.ts";

/** Puts the parts together. */
export function createEngine(options: EngineOptions): Promise<Engine> {
  return Promise.reject(new InvariantError(`no engine for ${options.root} yet`));
}
