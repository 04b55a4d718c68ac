import type { ImageConfig, Platform } from "@slipway/oci";
import type { Definition } from "@slipway/ir";
import type { Bridge } from "./bridge.ts";

/** What a person asked for, as BuildKit's frontend attributes name it. */
export interface FrontendRequest {
  /**
   * Frontend attributes: `filename`, `target`, `platform`, `build-arg:NAME`, `label:KEY`, `no-cache` (empty for all,
   * else a comma list of stages), `context:NAME` (a named context), `force-network-mode`, `add-hosts`, `hostname`, …
   * With `requestid` the frontend is asked about the build file instead (`frontend.lint`, `frontend.outline`,
   * `frontend.targets`, `frontend.subrequests.describe`): it answers with metadata and no outputs.
   * @see facts of BuildKit's wire, "Frontend attrs"
   */
  readonly options: Readonly<Record<string, string>>;
  /** What the machine that runs the build is; default for FROM and the value of BUILDPLATFORM. */
  readonly buildPlatform: Platform;
  /** What to build for, at least one. */
  readonly platforms: readonly Platform[];
}

/** One platform's result. */
export interface FrontendOutput {
  readonly platform: Platform;
  readonly definition: Definition;
  /**
   * Config of the image without `rootfs`; history entries that are not `empty_layer` stand for the layers of the
   * definition's result, in order. Absent when the result is a plain tree of files.
   */
  readonly config?: ImageConfig;
  /** Config of the base image, when there is one. */
  readonly baseConfig?: ImageConfig;
}

export interface FrontendResult {
  /** In the order of the request's platforms; empty when the request had a `requestid`. */
  readonly outputs: readonly FrontendOutput[];
  /**
   * Result metadata under BuildKit's keys, other than configs and refs. Answers to a `requestid` are `result.json`,
   * `result.txt`, `version` and, for lint, `result.statuscode`.
   */
  readonly metadata?: Readonly<Record<string, Uint8Array>>;
}

/** A build language. A plain object without state; everything it needs comes in through `bridge`. */
export interface Frontend {
  /** The name that `--frontend` and `# syntax=` select it by, for example `dockerfile.v0`. */
  readonly name: string;
  /** File names (not paths) that this language is written in by default, for example `Dockerfile`. */
  readonly fileNames: readonly string[];
  /**
   * Published frontend images that it stands in for, without tag (`docker/dockerfile`): a `# syntax=` line that names
   * one of them selects this frontend.
   */
  readonly syntaxImages?: readonly string[];
  /** @throws InputError with a location for every mistake in the build file. */
  build(request: FrontendRequest, bridge: Bridge, signal: AbortSignal): Promise<FrontendResult>;
}

/** Checks the shape of a frontend at the place where it is written, and gives it back. */
export function defineFrontend(frontend: Frontend): Frontend {
  return Object.freeze({ ...frontend });
}
