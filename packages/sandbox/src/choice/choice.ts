import type { OciRuntime } from "./find-runtimes.ts";

export type SandboxDriverName = "oci" | "namespaces";

/** What a choice comes to, and is remembered as. */
export interface Choice {
  readonly driver: SandboxDriverName;
  readonly runtime?: OciRuntime;
  readonly reason: string;
}
