import type { RegistryClient } from "@slipway/registry";

/** What exporters need of the program that they are part of. */
export interface ExporterServices {
  /** A client with the person's log-ins; asked for when something is pushed. It is not closed by the exporter. */
  registry(options: {
    /** To be spoken to over plain HTTP or with unknown certificates, besides those that are configured so. */
    readonly insecureHosts?: readonly string[];
  }): RegistryClient | Promise<RegistryClient>;
}
