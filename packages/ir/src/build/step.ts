import type { Platform } from "@slipway/oci";
import { CUSTOM_NAME } from "../vertex-name.ts";
import type { Op } from "../op.ts";
import type { Definition, ProgressGroup, Range, SourceInfo, VertexMetadata } from "../vertex.ts";

/** Ranges of a source file that a step was written in. */
export interface StepLocation {
  readonly source: SourceInfo;
  readonly ranges: readonly Range[];
}

/** A vertex that has no digest yet: its platform may still be the default one, which `toDefinition` is told. */
export interface NewStep {
  readonly kind: "new";
  readonly op: Op;
  readonly inputs: readonly StepOutput[];
  /** "default" is filled in by `toDefinition`; null for ops that give the same everywhere. */
  readonly platform: Platform | "default" | null;
  readonly filter: readonly string[];
  readonly metadata: VertexMetadata;
  readonly locations: readonly StepLocation[];
}

/** The result of a graph that exists already. */
export interface DefinedStep {
  readonly kind: "defined";
  readonly definition: Definition;
}

export type Step = NewStep | DefinedStep;

/** A filesystem that a step gives. The index of a defined step is that of its result and is not looked at. */
export interface StepOutput {
  readonly step: Step;
  readonly index: number;
}

/** What can be said about every step. */
export interface StepOptions {
  /** Name to show in progress; short for `description["llb.customname"]`. */
  readonly name?: string;
  readonly description?: Readonly<Record<string, string>>;
  /** Run it even when a result is cached. */
  readonly ignoreCache?: boolean;
  readonly exportCache?: boolean;
  readonly progressGroup?: ProgressGroup;
  readonly locations?: readonly StepLocation[];
  /** Containerd filter expressions that the worker must fulfil. */
  readonly filter?: readonly string[];
}

/** Puts a step together; `caps` are the LLB capabilities that its op uses. */
export function newStep(
  init: { op: Op; inputs: readonly StepOutput[]; platform: NewStep["platform"]; caps: Iterable<string> },
  options: StepOptions = {},
): NewStep {
  const description = { ...options.description, ...(options.name ? { [CUSTOM_NAME]: options.name } : {}) };
  return {
    kind: "new",
    op: init.op,
    inputs: init.inputs,
    platform: init.platform,
    filter: options.filter ?? [],
    metadata: {
      ignoreCache: options.ignoreCache ?? false,
      description,
      ...(options.exportCache === undefined ? {} : { exportCache: options.exportCache }),
      caps: [...new Set(init.caps)].sort(),
      ...(options.progressGroup ? { progressGroup: options.progressGroup } : {}),
    },
    locations: options.locations ?? [],
  };
}
