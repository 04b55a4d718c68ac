import type { SourceLocation } from "@slipway/oci";

export interface Diagnostic {
  readonly severity: "error" | "warning" | "info";
  /** Stable name of the rule or error. */
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  readonly url?: string;
  readonly location?: SourceLocation;
}
