import { UsageError } from "../usage-error.ts";

/** Flags that docker buildx has and Slipway does not have yet, with what to do instead. */
const LATER: Readonly<Record<string, string>> = {
  "--attest": "Leave it away: images get no attestations yet.",
  "--builder": "Slipway has no builders: choose a store with --root and a sandbox with --sandbox.",
  "--cache-from": "Leave it away: the cache of the store (--root) is used by itself.",
  "--cache-to": "Leave it away: results are kept in the store (--root) by themselves.",
  "--policy": "Leave it away.",
  "--provenance": "Leave it away: images get no attestations yet.",
  "--sbom": "Leave it away: images get no attestations yet.",
};

/** A better error for `unknown option '--sbom'`; undefined for flags that buildx does not have either. */
export function laterFlag(message: string): UsageError | undefined {
  const flag = /'(--[a-z-]+)/.exec(message)?.[1];
  const hint = flag === undefined ? undefined : LATER[flag];
  return hint === undefined ? undefined : new UsageError(`${flag} is not supported yet`, hint);
}
