import type { Edge, Vertex } from "@slipway/ir";
import type { Platform } from "@slipway/oci";
import type { SourceText, Span } from "../../syntax/source-text.ts";
import type { CompileOptions } from "../options.ts";
import type { Origin, StagePlan, Step } from "../plan/plan.ts";

/** What all stages of a compilation share while they are emitted. */
export interface EmitScope {
  readonly options: CompileOptions;
  readonly source: SourceText;
  readonly platform: Platform;
  /** The build context; null when nothing uses it. */
  readonly context: Edge | null;
}

/** What the emitters of single steps work with. */
export interface StepEmitter {
  readonly scope: EmitScope;
  /** For everything that is written; -1 without SOURCE_DATE_EPOCH. */
  readonly timestampNs: bigint;
  /** Remembers where in the build file a vertex comes from, and gives its only output. */
  vertex(span: Span, vertex: Vertex): Edge;
  metadata(plan: StagePlan, step: Step): Pick<Vertex["metadata"], "description" | "ignoreCache">;
  constraints(plan: StagePlan): Vertex["constraints"];
  origin(origin: Origin): Edge | null;
}
