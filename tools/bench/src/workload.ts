import type { BuildTask } from "./peer.ts";

/** What a workload needs to know of the run. */
export interface WorkloadSettings {
  /** Folder for contexts, on the measured disk. */
  readonly contexts: string;
  readonly registry: string;
}

/** One thing that is measured. */
export interface Workload {
  readonly id: string;
  /** As the table's column says it. */
  readonly title: string;
  /** How often it is run in relation to the others; default 1. */
  readonly runsFactor?: number;
  /**
   * Lays out the first build, which every tool does once before it is measured and which fills its caches.
   * Absent when there is nothing to warm up but the base image.
   */
  warmUp?(settings: WorkloadSettings): BuildTask;
  /** Lays out run number `run` (from 1). All tools get the same one, each with an `output` of its own. */
  prepare(settings: WorkloadSettings, run: number): Omit<BuildTask, "output">;
  readonly output: BuildTask["output"]["kind"];
  /** The share of BuildKit's time that Slipway aims at; default 1. */
  readonly aim?: number;
}
