import type { Platform } from "@slipway/oci";
import type { SourceOp } from "@slipway/ir";
import type { ExecuteContext } from "./solver-host.ts";
import type { Ref } from "./ref.ts";

/** Brings filesystems in from one kind of place. */
export interface Source {
  /** Schemes of the identifiers that it serves, without `://`. */
  readonly schemes: readonly string[];
  /** What the identifier is pinned to, or null when only the content tells. See SolverHost.sourceKey. */
  key(op: SourceOp, platform: Platform, signal: AbortSignal): Promise<string | null>;
  /** The filesystem. May be lazy: layers are fetched when something looks into them. */
  load(op: SourceOp, platform: Platform, context: ExecuteContext): Promise<Ref>;
}
