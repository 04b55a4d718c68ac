import type { BuildSession } from "@slipway/engine-sdk";
import type { Store } from "@slipway/store";

export interface GitSourceOptions {
  readonly store: Store;
  /** Lends `GIT_AUTH_TOKEN`, `GIT_AUTH_HEADER` (also with `.<host>`) and ssh agents. */
  readonly session?: BuildSession;
  /** The person's environment, for proxies and certificates. Default: that of the process. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Allows repositories of this machine (`file://`): for tests. Default: false. */
  readonly allowFiles?: boolean;
  /** Silence of git that is an error. Default: five minutes. */
  readonly idleTimeoutMs?: number;
}

/** What a git reference stands for in this build. See SourceMeta of the frontend SDK. */
export interface GitSourceMeta {
  readonly checksum: string;
  readonly ref: string;
  readonly commitChecksum?: string;
}
