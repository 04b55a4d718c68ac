import os from "node:os";
import path from "node:path";
import type { Engine, EngineOptions } from "@slipway/engine";
import type { EngineFlags } from "../flags/build-flags.ts";
import { codeIdentity } from "../code-identity.ts";
import { parseCount } from "../flags/quantities.ts";
import type { Host } from "../host.ts";
import type { CliIo } from "../io.ts";

/**
 * Where the store is: `--root`, else SLIPWAY_ROOT, else `slipway` in the folder for data of XDG
 * (`~/.local/share/slipway`). Absolute.
 */
export function storeRoot(flags: EngineFlags, io: Pick<CliIo, "env" | "cwd">): string {
  const given = flags.root || io.env["SLIPWAY_ROOT"];
  if (given) return path.resolve(io.cwd, given);
  const data = io.env["XDG_DATA_HOME"];
  // The specification says to ignore relative values.
  if (data && path.isAbsolute(data)) return path.join(data, "slipway");
  return path.join(io.env["HOME"] || os.homedir(), ".local", "share", "slipway");
}

/**
 * Options of the engine as the flags and the environment say.
 * @throws UsageError
 */
export function engineOptions(flags: EngineFlags, io: Pick<CliIo, "env" | "cwd" | "stderr">): EngineOptions {
  const maxParallelism =
    flags.maxParallelism === undefined ? undefined : parseCount(flags.maxParallelism, "--max-parallelism", 1);
  const hosts = [
    ...(flags.insecureRegistry ?? []),
    ...(io.env["SLIPWAY_INSECURE_REGISTRIES"] ?? "").split(","),
  ];
  const sandbox = flags.sandbox || io.env["SLIPWAY_SANDBOX"];
  const identity = codeIdentity();
  return {
    root: storeRoot(flags, io),
    ...(identity === undefined ? {} : { codeIdentity: identity }),
    warn: (message) => void io.stderr.write(`WARNING: ${message}\n`),
    insecureRegistries: hosts.map((host) => host.trim()).filter((host) => host !== ""),
    ...(sandbox ? { sandbox } : {}),
    ...(maxParallelism === undefined ? {} : { maxParallelism }),
  };
}

/** Makes an engine as the flags and the environment say; whoever calls closes it. */
export function openEngine(flags: EngineFlags, io: Host): Promise<Engine> {
  return io.createEngine(engineOptions(flags, io));
}
