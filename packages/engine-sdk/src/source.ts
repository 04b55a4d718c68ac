import type { Platform } from "@slipway/oci";
import type { SourceOp, Vertex } from "@slipway/ir";
import type { ExecuteContext } from "./solver-host.ts";
import type { Ref } from "./ref.ts";

/** What loading a source runs under; progress is told as statuses of `vertex`. */
export interface SourceTask {
  readonly vertex: Vertex;
  readonly context: ExecuteContext;
}

/** Brings filesystems in from one kind of place. */
export interface Source {
  /** Schemes of the identifiers that it serves, without `://`. */
  readonly schemes: readonly string[];
  /** What the identifier is pinned to, or null when only the content tells. See SolverHost.sourceKey. */
  key(op: SourceOp, platform: Platform, signal: AbortSignal): Promise<string | null>;
  /** The filesystem. May be lazy: layers are fetched when something looks into them. */
  load(op: SourceOp, platform: Platform, task: SourceTask): Promise<Ref>;
}
