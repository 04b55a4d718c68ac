import type { Frontend } from "@slipway/frontend-sdk";
import type { Exporter, SandboxDriver } from "@slipway/engine-sdk";
import type { ExporterServices } from "@slipway/exporters";
import type { RegistryClient } from "@slipway/registry";
import type { Store } from "@slipway/store";

/** What an engine lends each of its builds. */
export interface BuildServices {
  readonly store: Store;
  readonly registry: RegistryClient;
  readonly frontends: readonly Frontend[];
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- each exporter's own schema validates its options
  readonly exporters: readonly Exporter<any>[];
  readonly exporterServices: ExporterServices;
  readonly sandbox: (signal: AbortSignal) => Promise<SandboxDriver>;
  readonly maxParallelism?: number;
  readonly deviceFolders?: readonly string[];
  /** See EngineOptions. */
  readonly codeIdentity?: string;
}
