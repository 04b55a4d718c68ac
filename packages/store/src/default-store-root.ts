import os from "node:os";
import path from "node:path";

/**
 * Where the store is unless told otherwise: `SLIPWAY_ROOT`, else `slipway` below `XDG_DATA_HOME`, else
 * `~/.local/share/slipway`. Absolute.
 */
export function defaultStoreRoot(env: Readonly<Record<string, string | undefined>>): string {
  if (env.SLIPWAY_ROOT) return path.resolve(env.SLIPWAY_ROOT);
  const home = env.HOME || os.homedir();
  const data =
    env.XDG_DATA_HOME && path.isAbsolute(env.XDG_DATA_HOME)
      ? env.XDG_DATA_HOME
      : path.join(home, ".local/share");
  return path.join(data, "slipway");
}
